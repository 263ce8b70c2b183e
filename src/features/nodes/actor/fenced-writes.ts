import { Injectable } from '@nestjs/common';
import type { Statement } from '../../../shared/database/statement.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { type Grant, LeaseLost } from '../domain/grant.js';

/** What the owner of a node writes about it; refused (`LeaseLost`) once another replica is the owner. */
@Injectable()
export class FencedWrites {
  private readonly written = new WeakMap<Grant, number>();

  constructor(private readonly db: WorkerDatabase) {}

  /** How often this process has written about the node: what was read before is not how it is now. */
  count(grant: Grant): number {
    return this.written.get(grant) ?? 0;
  }

  /** Runs a statement that finds the node's row by `node_id = $1 AND owner_epoch = $2`. @throws LeaseLost */
  async run(grant: Grant, sql: string, values: unknown[]): Promise<void> {
    const written = await this.noting(grant, this.db.run(sql, [grant.nodeId, grant.epoch, ...values]));
    if (written === 0) throw new LeaseLost(grant.nodeId);
  }

  /** Runs a statement about many nodes, which looks itself whose they are, and writes what nobody need read again. */
  some<R>(sql: Statement, values: unknown[]): Promise<R[]> {
    return this.db.rows<R>(sql, values);
  }

  /** The row that such a statement returns; undefined also when there was nothing to write. */
  async row<R>(grant: Grant, sql: string, values: unknown[]): Promise<R | undefined> {
    return this.noting(grant, this.db.row<R>(sql, [grant.nodeId, grant.epoch, ...values]));
  }

  private noting<T>(grant: Grant, write: Promise<T>): Promise<T> {
    return write.finally(() => this.written.set(grant, this.count(grant) + 1));
  }
}
