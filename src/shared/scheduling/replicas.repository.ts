import { Injectable } from '@nestjs/common';
import { LeaseDatabase } from '../database/lease-database.js';
import type { Statement } from '../database/statement.js';
import type { Replica } from './replica.js';

const BEAT: Statement = {
  name: 'replica_beat',
  text: `WITH forgotten AS (
           DELETE FROM replica WHERE heartbeat_at NOT BETWEEN now() - interval '1 hour' AND now() + interval '1 hour'
              AND id <> $1
         )
         INSERT INTO replica (id, name, version, role) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()`,
};

const DRAIN: Statement = {
  name: 'replica_drain',
  text: 'UPDATE replica SET draining = true WHERE id = $1',
};

const REMOVE: Statement = { name: 'replica_remove', text: 'DELETE FROM replica WHERE id = $1' };

/** The replicas of the installation, whatever their roles. */
@Injectable()
export class ReplicasRepository {
  constructor(private readonly db: LeaseDatabase) {}

  /** Shows that the replica lives; forgets those that have been dead for long. */
  async beat({ id, name, version, role }: Replica): Promise<void> {
    await this.db.rows(BEAT, [id, name, version, role]);
  }

  /** From now on the replica takes no more part in sharing out nodes. */
  async drain(replicaId: string): Promise<void> {
    await this.db.rows(DRAIN, [replicaId]);
  }

  async remove(replicaId: string): Promise<void> {
    await this.db.rows(REMOVE, [replicaId]);
  }
}
