import { Injectable } from '@nestjs/common';
import type { Tx } from '../../../shared/database/database.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { Traffic } from '../../../xray/grpc/index.js';
import { lockUsage } from '../../users/index.js';
import { CoreReplaced } from '../domain/core-process.js';
import { type Grant, LeaseLost } from '../domain/grant.js';

/** Which core process was read. */
export interface Poll {
  grant: Grant;
  coreEpoch: bigint;
  /** The process had been running for at least so long. */
  uptimeSeconds: number;
  /** How many polls of this kind had been charged when the reading began. */
  after: bigint;
}

/** Another poll was charged since this one was read; the next one holds its traffic too. */
export class PollRefused extends Error {
  constructor(
    nodeId: number,
    /** How many have been charged by now. */
    readonly charged: bigint,
  ) {
    super(`A poll of node ${nodeId} came too late to be charged`);
    this.name = 'PollRefused';
  }
}

/**
 * Charges what cores report. Counters only grow while a core runs, so the difference to the values last charged is
 * what is new; both are written in one transaction, and each reported byte is charged exactly once whatever fails.
 */
@Injectable()
export class UsageRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /**
   * Charges users by the node's coefficient, rounded down, and their owners; keeps hourly history if `hourly`.
   * Returns the ids of those whose status may be due: on hold, or over their limit. Unknown users are ignored.
   * @throws PollRefused, CoreReplaced, LeaseLost
   */
  async chargeUsers(poll: Poll, traffic: ReadonlyMap<number, Traffic>, hourly: boolean): Promise<number[]> {
    const ids = [...traffic.keys()].sort((a, b) => a - b);
    const up = ids.map((id) => traffic.get(id)!.up);
    const down = ids.map((id) => traffic.get(id)!.down);
    return this.inTurn(poll, 'user', async (tx) => {
      if (ids.length === 0) return [];
      await lockUsage(tx, ids);
      const due = await tx.rows<{ id: number }>(chargeUsersSql(hourly), [
        poll.grant.nodeId,
        poll.coreEpoch,
        ids,
        up,
        down,
      ]);
      return due.map((row) => row.id);
    });
  }

  /** Adds to the node's totals, and to its hourly history if `hourly`. @throws PollRefused, CoreReplaced, LeaseLost */
  async addOutbounds(poll: Poll, traffic: ReadonlyMap<string, Traffic>, hourly: boolean): Promise<void> {
    const entries = [...traffic];
    await this.inTurn(poll, 'outbound', async (tx) => {
      await tx.run(addOutboundsSql(hourly), [
        poll.grant.nodeId,
        poll.coreEpoch,
        entries.map(([tag]) => tag),
        entries.map(([, { up }]) => up),
        entries.map(([, { down }]) => down),
      ]);
    });
  }

  /** Runs `work` if no poll was charged since this one was read, which alone makes sure that counters have only grown. */
  private async inTurn<T>(
    { grant, coreEpoch, uptimeSeconds, after }: Poll,
    of: 'user' | 'outbound',
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    return this.db.transaction(async (tx) => {
      const isInTurn = await tx.run(
        `UPDATE node_runtime
            SET ${of}_polls = ${of}_polls + 1, last_${of}_poll_at = now(), core_uptime_seconds = $5
          WHERE node_id = $1 AND owner_epoch = $2 AND core_epoch = $3 AND ${of}_polls = $4`,
        [grant.nodeId, grant.epoch, coreEpoch, after, uptimeSeconds],
      );
      if (isInTurn === 0) throw await this.refusal(tx, grant, coreEpoch, of);
      return work(tx);
    });
  }

  private async refusal(
    tx: Tx,
    { nodeId, epoch }: Grant,
    coreEpoch: bigint,
    of: 'user' | 'outbound',
  ): Promise<Error> {
    const noted = await tx.row<{ owner: bigint; core: bigint; polls: bigint }>(
      `SELECT owner_epoch AS owner, core_epoch AS core, ${of}_polls AS polls FROM node_runtime WHERE node_id = $1`,
      [nodeId],
    );
    if (noted?.owner !== epoch) return new LeaseLost(nodeId);
    return noted.core === coreEpoch ? new PollRefused(nodeId, noted.polls) : new CoreReplaced();
  }
}

/** Grown since the values last charged of the same process; a smaller value is that of another process. */
const GROWN = (direction: 'up' | 'down') =>
  `CASE WHEN c.core_epoch = $2 AND i.${direction} >= c.${direction}
        THEN i.${direction} - c.${direction} ELSE i.${direction} END`;

/**
 * The rows of this node are written here only, so they can be found once and written by their place; ON CONFLICT would
 * cost twice as much. They must not be joined by node or hour: statistics know neither a new node nor the present hour,
 * and PostgreSQL, expecting a row or none, compares every user with every row.
 */
const chargeUsersSql = (hourly: boolean) => `
  WITH node AS (
    SELECT charged_coefficient AS coefficient FROM node_runtime WHERE node_id = $1
  ), grown AS MATERIALIZED (
    SELECT i.user_id, i.up, i.down, u.admin_id, u.status, u.data_limit,
           c.at AS counter_at, h.at AS history_at, ${GROWN('up')} + ${GROWN('down')} AS bytes
      FROM unnest($3::int[], $4::bigint[], $5::bigint[]) AS i (user_id, up, down)
      JOIN users u ON u.id = i.user_id
      LEFT JOIN LATERAL ( -- the limits keep these to one look into the index per user, see below
        SELECT ctid AS at, core_epoch, up, down FROM node_user_counter
         WHERE user_id = i.user_id AND node_id = $1 LIMIT 1
      ) c ON true
      LEFT JOIN LATERAL (
        SELECT ctid AS at FROM node_user_usages
         WHERE user_id = i.user_id AND created_at = date_trunc('hour', now(), 'UTC') AND node_id = $1 LIMIT 1
      ) h ON true
  ), baseline AS (
    UPDATE node_user_counter c SET core_epoch = $2, up = g.up, down = g.down FROM grown g WHERE c.ctid = g.counter_at
  ), first_baseline AS (
    INSERT INTO node_user_counter (node_id, user_id, core_epoch, up, down)
    SELECT $1, user_id, $2, up, down FROM grown WHERE counter_at IS NULL
  ), charged AS MATERIALIZED (
    SELECT user_id, admin_id, status, data_limit, history_at,
           CASE WHEN coefficient = 1 THEN bytes ELSE floor(bytes * coefficient::numeric)::bigint END AS bytes
      FROM grown, node WHERE bytes > 0
  ), usage AS (
    UPDATE user_usage u SET used_traffic = u.used_traffic + c.bytes, online_at = now()
      FROM charged c WHERE u.user_id = c.user_id
    RETURNING u.user_id, u.used_traffic, c.status, c.data_limit
  ), owned AS (
    SELECT admin_id, sum(bytes)::bigint AS bytes FROM charged WHERE admin_id IS NOT NULL GROUP BY admin_id
  ), owner AS (
    SELECT a.id FROM admins a JOIN owned ON owned.admin_id = a.id ORDER BY a.id FOR NO KEY UPDATE OF a
  ), owners AS (
    UPDATE admins a SET users_usage = a.users_usage + owned.bytes
      FROM owned JOIN owner ON owner.id = owned.admin_id WHERE a.id = owned.admin_id
  )${
    hourly
      ? `, history AS (
    UPDATE node_user_usages h SET used_traffic = h.used_traffic + c.bytes FROM charged c WHERE h.ctid = c.history_at
  ), first_history AS (
    INSERT INTO node_user_usages (user_id, created_at, node_id, used_traffic)
    SELECT user_id, date_trunc('hour', now(), 'UTC'), $1, bytes FROM charged WHERE history_at IS NULL
  )`
      : ''
  }
  SELECT user_id AS id FROM usage
   WHERE status = 'on_hold' OR (status = 'active' AND used_traffic >= data_limit)
   ORDER BY user_id`;

const addOutboundsSql = (hourly: boolean) => `
  WITH grown AS MATERIALIZED (
    SELECT i.tag, i.up, i.down, ${GROWN('up')} AS grown_up, ${GROWN('down')} AS grown_down
      FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS i (tag, up, down)
      LEFT JOIN node_outbound_counter c ON c.node_id = $1 AND c.tag = i.tag
  ), baseline AS (
    INSERT INTO node_outbound_counter AS c (node_id, tag, core_epoch, up, down)
    SELECT $1, tag, $2, up, down FROM grown
    ON CONFLICT (node_id, tag) DO UPDATE
      SET core_epoch = excluded.core_epoch, up = excluded.up, down = excluded.down
  ), total AS MATERIALIZED (
    SELECT coalesce(sum(grown_up), 0)::bigint AS up, coalesce(sum(grown_down), 0)::bigint AS down FROM grown
  )${
    hourly
      ? `, history AS (
    INSERT INTO node_usages AS h (node_id, created_at, uplink, downlink)
    SELECT $1, date_trunc('hour', now(), 'UTC'), up, down FROM total WHERE up > 0 OR down > 0
    ON CONFLICT (node_id, created_at) DO UPDATE
      SET uplink = h.uplink + excluded.uplink, downlink = h.downlink + excluded.downlink
  )`
      : ''
  }
  UPDATE nodes n SET uplink = n.uplink + total.up, downlink = n.downlink + total.down
    FROM total WHERE n.id = $1 AND (total.up > 0 OR total.down > 0)`;
