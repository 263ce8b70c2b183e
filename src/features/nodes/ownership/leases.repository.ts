import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../../shared/database/database-clock.js';
import { LeaseDatabase } from '../../../shared/database/lease-database.js';
import type { Statement } from '../../../shared/database/statement.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { type Grant, LEASE_SECONDS } from '../domain/grant.js';
import type { Census } from '../domain/sharing.js';
import type { NodeKind } from '../node.js';
import type { Sighting } from '../domain/sighting.js';

/** What a replica may work on: nodes of these kinds, of local cores only that of its own folder. */
export interface Reachable {
  kinds: readonly NodeKind[];
  dataDirId: string | undefined;
}

const RENEW: Statement = {
  name: 'leases_renew',
  text: `
    UPDATE node_lease l
       SET expires_at = clock_timestamp() + make_interval(secs => $2), pending = s.pending,
           polled_at = coalesce(clock_timestamp() - make_interval(secs => s.polled_ago), l.polled_at),
           users_seen = s.users, up_speed = s.up, down_speed = s.down,
           accounts = s.accounts, account_operations = s.operations
      FROM unnest($3::int[], $4::int[], $5::float8[], $6::int[], $7::bigint[], $8::bigint[],
                  $9::int[], $10::jsonb[])
           AS s (node_id, pending, polled_ago, users, up, down, accounts, operations)
     WHERE l.owner_id = $1 AND l.node_id = s.node_id AND l.expires_at > '-infinity'
    RETURNING l.node_id AS "nodeId", l.epoch`,
};

/** Which replica works on which node: rows with an end, on the database's clock. */
@Injectable()
export class LeasesRepository {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly leases: LeaseDatabase,
    private readonly clock: DatabaseClock,
  ) {}

  /** Ends what a replica holds that is known to be dead, so that nobody waits for it. */
  async endLeasesOf(replicaId: string): Promise<void> {
    await this.db.run(
      `WITH dead AS (DELETE FROM replica WHERE id = $1)
       UPDATE node_lease SET expires_at = '-infinity' WHERE owner_id = $1`,
      [replicaId],
    );
  }

  /**
   * A clock that is set back leaves leases that end in hours. From now on they end as if they were just renewed: their
   * owners notice nothing, and nobody waits longer for those of the dead.
   */
  async shortenEndless(): Promise<void> {
    await this.db.run(
      `WITH endless AS (
         SELECT node_id FROM node_lease WHERE expires_at > clock_timestamp() + make_interval(secs => $1 + 1)
          ORDER BY node_id FOR UPDATE SKIP LOCKED
       )
       UPDATE node_lease l SET expires_at = clock_timestamp() + make_interval(secs => $1)
         FROM endless WHERE l.node_id = endless.node_id`,
      [LEASE_SECONDS],
    );
  }

  /**
   * What there is to share out: nodes of these kinds that are to run, and replicas that live and work on nodes. Local cores
   * are not: each belongs to the replicas of its folder.
   */
  async census(replicaId: string, kinds: readonly NodeKind[]): Promise<Census> {
    const row = await this.db.row<Census>(
      `SELECT (SELECT count(*)::int FROM nodes
                WHERE kind = ANY ($1) AND kind <> 'local' AND status <> 'disabled' AND deleted_at IS NULL) AS nodes,
              count(*)::int AS replicas,
              (count(*) FILTER (
                WHERE (started_at, id) < (SELECT own.started_at, own.id FROM replica own WHERE own.id = $3)))::int AS elder
         FROM replica
        WHERE role <> 'api' AND NOT draining AND heartbeat_at > now() - make_interval(secs => $2)
          AND heartbeat_at < now() + make_interval(secs => $2) -- or it is of a clock that was set back since`,
      [kinds, LEASE_SECONDS, replicaId],
    );
    return row!;
  }

  /**
   * Takes nodes that nobody works on: any local core of the replica's folder, at most `free` others that are to run, and
   * those that are not but of which nobody has yet seen to that, which are nobody's share. The runtime row moves with the lease, so a
   * transaction of the former owner about the node ends first.
   */
  async acquire(replicaId: string, { kinds, dataDirId }: Reachable, free: number): Promise<Grant[]> {
    return this.db.rows<Grant>(
      `WITH candidate AS (
         SELECT l.node_id, n.kind, w.is_share, row_number() OVER (PARTITION BY w.is_share ORDER BY random()) AS place
           FROM node_lease l JOIN nodes n ON n.id = l.node_id JOIN node_runtime r ON r.node_id = n.id
          CROSS JOIN LATERAL (
            SELECT n.kind <> 'local' AND n.status <> 'disabled' AND n.deleted_at IS NULL AS is_share
          ) w
          WHERE n.kind = ANY ($2) AND (n.kind <> 'local' OR n.data_dir_id = $5)
            AND l.expires_at < least(clock_timestamp(), $6)
            AND (n.kind = 'local' AND n.deleted_at IS NULL
                 OR w.is_share
                 OR r.applied_generation <> n.generation)
       ), locked AS (
         SELECT l.node_id, c.kind FROM node_lease l JOIN candidate c USING (node_id)
          WHERE (NOT c.is_share OR c.place <= $4) AND l.expires_at < least(clock_timestamp(), $6)
          ORDER BY l.node_id FOR UPDATE OF l SKIP LOCKED
       ), got AS (
         UPDATE node_lease l
            SET owner_id = $1, epoch = l.epoch + 1, acquired_at = now(),
                expires_at = clock_timestamp() + make_interval(secs => $3)
           FROM locked WHERE l.node_id = locked.node_id
         RETURNING l.node_id, locked.kind, l.epoch
       )
       UPDATE node_runtime r SET owner_epoch = got.epoch FROM got WHERE r.node_id = got.node_id
       RETURNING r.node_id AS "nodeId", got.kind, got.epoch`,
      [replicaId, kinds, LEASE_SECONDS, Math.max(0, free), dataDirId ?? null, this.clock.unjumped()],
    );
  }

  /**
   * Renews the replica's leases of these nodes, also one that is over on a clock that was set forward, unless somebody has
   * taken it; and notes what it has seen of them, which costs nothing more; returns those
   * that are still its own, with their epochs.
   */
  async renew(
    replicaId: string,
    nodes: ReadonlyMap<number, Sighting>,
  ): Promise<{ nodeId: number; epoch: bigint }[]> {
    const seen = [...nodes.values()];
    return this.leases.rows(RENEW, [
      replicaId,
      LEASE_SECONDS,
      [...nodes.keys()],
      seen.map(({ pending }) => pending),
      seen.map(({ polledSecondsAgo }) => polledSecondsAgo),
      seen.map(({ traffic }) => traffic?.users),
      seen.map(({ traffic }) => traffic?.up),
      seen.map(({ traffic }) => traffic?.down),
      seen.map(({ accounts }) => accounts),
      seen.map(({ operations }) => JSON.stringify(operations)),
    ]);
  }

  /** Gives a node up and tells the others. */
  async release({ nodeId, epoch }: Grant): Promise<void> {
    await this.db.run(
      `WITH released AS (
         UPDATE node_lease SET expires_at = '-infinity' WHERE node_id = $1 AND epoch = $2 RETURNING node_id)
       SELECT pg_notify('node_wake', node_id::text) FROM released`,
      [nodeId, epoch],
    );
  }
}
