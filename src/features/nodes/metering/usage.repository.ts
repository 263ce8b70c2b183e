import { Injectable } from '@nestjs/common';
import type { Statement } from '../../../shared/database/statement.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { Traffic } from '../../../xray/grpc/index.js';
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
  /** Whether others may have been charged of the same process that were read later. */
  isLate?: boolean;
}

/** So many counters are charged by a statement that is prepared; more, by one that is planned for them. */
const PLANNED_ONCE = 1_000;

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
    const { due } = await this.inTurn<{ due: number[] }>(poll, 'user', chargeUsersSql(hourly), [
      ids,
      up,
      down,
    ]);
    return due;
  }

  /** Adds to the node's totals, and to its hourly history if `hourly`. @throws PollRefused, CoreReplaced, LeaseLost */
  async addOutbounds(poll: Poll, traffic: ReadonlyMap<string, Traffic>, hourly: boolean): Promise<void> {
    const entries = [...traffic];
    await this.inTurn(poll, 'outbound', addOutboundsSql(hourly), [
      entries.map(([tag]) => tag),
      entries.map(([, { up }]) => up),
      entries.map(([, { down }]) => down),
    ]);
  }

  /** Has the counters of a new process begin at these values: what they stood at before is charged to nobody. @throws LeaseLost */
  async beginAt(
    { grant, coreEpoch }: Pick<Poll, 'grant' | 'coreEpoch'>,
    users: ReadonlyMap<number, Traffic>,
    outbounds: ReadonlyMap<string, Traffic>,
  ): Promise<void> {
    const begun = await this.db.row(BEGIN, [
      grant.nodeId,
      coreEpoch,
      grant.epoch,
      [...users.keys()],
      [...users.values()].map(({ up }) => up),
      [...users.values()].map(({ down }) => down),
      [...outbounds.keys()],
      [...outbounds.values()].map(({ up }) => up),
      [...outbounds.values()].map(({ down }) => down),
    ]);
    if (!begun) throw new LeaseLost(grant.nodeId);
  }

  /**
   * Charges if no poll was charged since this one was read, which alone makes sure that counters have only grown; of a poll
   * that is late, only what is beyond the values last charged. One
   * statement, and so one transaction that waits for nothing but its own locks: users have traffic on many nodes, and
   * admins on all, so that many replicas would wait while one that is busy has not yet said what comes next.
   */
  private async inTurn<R>(
    { grant, coreEpoch, uptimeSeconds, after, isLate = false }: Poll,
    of: 'user' | 'outbound',
    statement: Statement,
    counters: unknown[],
  ): Promise<R> {
    const { nodeId, epoch } = grant;
    const values = [nodeId, coreEpoch, ...counters, epoch, after, uptimeSeconds, isLate];
    // A plan that is made once, for few rows, is no good for many.
    const sql = (counters[0] as unknown[]).length > PLANNED_ONCE ? statement.text : statement;
    const charged = await this.db.row<R & { isInTurn: boolean }>(sql, values);
    if (!charged!.isInTurn) throw await this.refusal(grant, coreEpoch, of);
    return charged!;
  }

  private async refusal(
    { nodeId, epoch }: Grant,
    coreEpoch: bigint,
    of: 'user' | 'outbound',
  ): Promise<Error> {
    const noted = await this.db.row<{ owner: bigint; core: bigint; polls: bigint }>(
      `SELECT owner_epoch AS owner, core_epoch AS core, ${of}_polls AS polls FROM node_runtime WHERE node_id = $1`,
      [nodeId],
    );
    if (noted?.owner !== epoch) return new LeaseLost(nodeId);
    return noted.core === coreEpoch ? new PollRefused(nodeId, noted.polls) : new CoreReplaced();
  }
}

const BEGIN = `
  WITH own AS (
    SELECT node_id FROM node_runtime WHERE node_id = $1 AND core_epoch = $2 AND owner_epoch = $3 FOR UPDATE
  ), users AS (
    INSERT INTO node_user_counter (node_id, user_id, core_epoch, up, down)
    SELECT node_id, user_id, $2, up, down
      FROM own, unnest($4::int[], $5::bigint[], $6::bigint[]) AS i (user_id, up, down)
    ON CONFLICT (user_id, node_id) DO UPDATE
      SET core_epoch = excluded.core_epoch, up = excluded.up, down = excluded.down
  ), outbounds AS (
    INSERT INTO node_outbound_counter (node_id, tag, core_epoch, up, down)
    SELECT node_id, tag, $2, up, down
      FROM own, unnest($7::text[], $8::bigint[], $9::bigint[]) AS i (tag, up, down)
    ON CONFLICT (node_id, tag) DO UPDATE
      SET core_epoch = excluded.core_epoch, up = excluded.up, down = excluded.down
  )
  SELECT node_id FROM own`;

/**
 * Grown since the values last charged of the same process. A smaller value is one that somebody has set to zero since, or,
 * in a poll that is late, was read before what is charged already.
 */
const GROWN = (direction: 'up' | 'down') =>
  `CASE WHEN c.core_epoch = $2 AND (i.${direction} >= c.${direction} OR $9::boolean)
        THEN greatest(0, i.${direction} - c.${direction}) ELSE i.${direction} END`;

/** What is charged by now. */
const CHARGED = (direction: 'up' | 'down') =>
  `CASE WHEN c.core_epoch = $2 AND $9::boolean
        THEN greatest(i.${direction}, c.${direction}) ELSE i.${direction} END AS ${direction}`;

/** The poll takes its turn, or everything after it finds nothing to do. */
const TURN = (of: 'user' | 'outbound') => `
  turn AS (
    UPDATE node_runtime
       SET ${of}_polls = ${of}_polls + 1, last_${of}_poll_at = now(), core_uptime_seconds = $8
     WHERE node_id = $1 AND owner_epoch = $6 AND core_epoch = $2 AND ${of}_polls = $7
    RETURNING charged_coefficient AS coefficient
  )`;

/**
 * Locked are the users' traffic, in id order, then their owners (docs/decisions/0011); who is gone by then is left out. All else
 * that is read here is written only by whoever has the turn, so that a wait for locks makes none of it outdated.
 *
 * The rows of this node are written here only, so they can be found once and written by their place; ON CONFLICT would
 * cost twice as much. They must not be joined by node or hour: statistics know neither a new node nor the present hour,
 * and PostgreSQL, expecting a row or none, compares every user with every row.
 */
const chargeUsersSql = (hourly: boolean): Statement => ({
  name: hourly ? 'charge_users_hourly' : 'charge_users',
  text: `
  WITH ${TURN('user')}, locked AS MATERIALIZED (
    SELECT user_id FROM user_usage
     WHERE user_id = ANY ($3::int[]) AND EXISTS (SELECT FROM turn)
     ORDER BY user_id FOR NO KEY UPDATE
  ), grown AS MATERIALIZED (
    SELECT i.user_id, ${CHARGED('up')}, ${CHARGED('down')}, u.admin_id, u.status, u.data_limit,
           c.at AS counter_at, h.at AS history_at, ${GROWN('up')} + ${GROWN('down')} AS bytes
      FROM unnest($3::int[], $4::bigint[], $5::bigint[]) AS i (user_id, up, down)
      JOIN locked USING (user_id)
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
      FROM grown, turn WHERE bytes > 0
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
  SELECT EXISTS (SELECT FROM turn) AS "isInTurn",
         ARRAY (SELECT user_id FROM usage
                 WHERE status = 'on_hold' OR (status = 'active' AND used_traffic >= data_limit)
                 ORDER BY user_id) AS due`,
});

const addOutboundsSql = (hourly: boolean): Statement => ({
  name: hourly ? 'add_outbounds_hourly' : 'add_outbounds',
  text: `
  WITH ${TURN('outbound')}, grown AS MATERIALIZED (
    SELECT i.tag, ${CHARGED('up')}, ${CHARGED('down')}, ${GROWN('up')} AS grown_up, ${GROWN('down')} AS grown_down
      FROM turn CROSS JOIN unnest($3::text[], $4::bigint[], $5::bigint[]) AS i (tag, up, down)
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
  }, node AS (
    UPDATE nodes n SET uplink = n.uplink + total.up, downlink = n.downlink + total.down
      FROM total WHERE n.id = $1 AND (total.up > 0 OR total.down > 0)
  )
  SELECT EXISTS (SELECT FROM turn) AS "isInTurn"`,
});
