import { Injectable } from '@nestjs/common';
import type { OutboxPlace } from '../domain/change-cursor.js';
import type { CoreProcess } from '../domain/core-process.js';
import { REMEMBERED_STARTS, type StartReason } from '../domain/core-start.js';
import { type Grant, LeaseLost } from '../domain/grant.js';
import type { NodeStatus } from '../node.js';
import type { Statement } from '../../../shared/database/statement.js';
import { FencedWrites } from './fenced-writes.js';
import { fromStored, type IntendedStart, type StoredStart, toStored } from './intended-start.js';

/** Longer texts are cut: the column of Marzban has room for no more, and clients expect none. */
const MAX_MESSAGE = 1024;

/** What to record of a core that has been started. */
export interface StartedCore extends IntendedStart {
  version: string;
}

/** Where the counters of a core process are charged. */
export interface CoreAccount {
  /** One more for each process. */
  coreEpoch: bigint;
  /** How many polls of the node have been charged. */
  polls: { users: bigint; outbounds: bigint };
}

/** What to record of a core that was found running. */
export interface FoundCore {
  process: CoreProcess;
  /** Whether it is another process than the one known before. */
  isNew: boolean;
  version: string;
  /** Null when it is none of ours. */
  configVersion: bigint | null;
}

/** Up to where the changes of users are applied on a node. */
export interface AppliedPlace {
  grant: Grant;
  /** In an outbox that may be another by now. */
  place: OutboxPlace;
  /** Whether its users are known to be right. */
  isSynced: boolean;
}

export interface Failure {
  message: string;
  /** In a row. */
  failures: number;
  retryAfterSeconds: number;
}

/** What the owner of a node records of its core. @throws LeaseLost from each, once another replica is the owner */
@Injectable()
export class NodeRuntimeRepository {
  constructor(private readonly writes: FencedWrites) {}

  /** Remembers what a core is about to be started for, so that whoever finds it running knows. */
  async intendStart(grant: Grant, start: IntendedStart): Promise<void> {
    await this.writes.run(
      grant,
      'UPDATE node_runtime SET intended_start = $3 WHERE node_id = $1 AND owner_epoch = $2',
      [toStored(start)],
    );
  }

  /** Records a core that runs as the one that was about to be started when that was remembered last. */
  async recordIntended(grant: Grant, version: string): Promise<void> {
    const row = await this.writes.row<{ start: StoredStart }>(
      grant,
      'SELECT intended_start AS start FROM node_runtime WHERE node_id = $1 AND owner_epoch = $2',
      [],
    );
    if (!row) throw new LeaseLost(grant.nodeId);
    await this.recordStart(grant, { ...fromStored(row.start), version });
  }

  /** Records a core that was just started, as a new epoch of counters. */
  async recordStart(grant: Grant, core: StartedCore): Promise<CoreAccount> {
    const row = await this.writes.row<AccountRow>(
      grant,
      `WITH started AS (
         UPDATE node_runtime
            SET core_epoch = core_epoch + 1, core_marker = $3, core_uptime_seconds = 0,
                core_started_lo = NULL, core_started_hi = NULL, applied_generation = $5, applied_restart_generation = $6,
                applied_config_version = $7, last_good_config_version = $8, applied_config_hash = $9,
                cursor_outbox = $4, cursor_xid = $10, cursor_seq = $11, full_sync_needed = false,
                failures = 0, next_attempt_at = now(), core_starts = ${oneMore('$17')}, refusals = $15::int,
                last_error = coalesce($14, last_error),
                last_error_at = CASE WHEN $14::text IS NULL THEN last_error_at ELSE now() END,
                retry_refused_at = CASE WHEN $15::int = 0 THEN NULL WHEN $16::float8 IS NULL THEN retry_refused_at
                                        ELSE now() + make_interval(secs => $16) END,
                refusal = $18, starting_config_version = NULL, intended_start = NULL
          WHERE node_id = $1 AND owner_epoch = $2
         RETURNING node_id, core_epoch, ${ACCOUNT}
       ), ${remember('started', '$17', '$13', '$8')},
       shown AS (
         UPDATE nodes SET status = $12, xray_version = $13, message = $14, last_status_change = now()
           FROM started WHERE id = started.node_id AND ${IS_SHOWN}
       )
       SELECT * FROM started`,
      [
        core.marker,
        core.place.outboxId,
        core.generation,
        core.restartGeneration,
        core.configVersion,
        core.runningVersion,
        Buffer.from(core.runningHash, 'hex'),
        core.place.cursor.xid.toString(),
        core.place.cursor.seq,
        core.refusal ? 'error' : 'connected',
        core.version,
        cut(core.refusal?.message ?? null),
        core.refusal?.refusals ?? 0,
        core.refusal?.retryAfterSeconds ?? null,
        core.reason,
        cut(core.refusal?.words ?? null),
      ],
    );
    return accountOf(row, grant);
  }

  /**
   * Records a core that was found running: a process seen for the first time begins a new epoch of counters, and counts as
   * a start.
   */
  async recordFound(grant: Grant, found: FoundCore): Promise<CoreAccount> {
    const { process, isNew, version, configVersion } = found;
    const reason: StartReason = 'found';
    const row = await this.writes.row<AccountRow>(
      grant,
      `WITH found AS (
         UPDATE node_runtime
            SET core_epoch = core_epoch + $3::boolean::int, core_marker = $4, core_uptime_seconds = $5,
                core_started_lo = NULL, core_started_hi = NULL,
                core_starts = CASE WHEN $3 THEN ${oneMore('$6')} ELSE core_starts END,
                failures = 0, next_attempt_at = now()
          WHERE node_id = $1 AND owner_epoch = $2
         RETURNING node_id, core_epoch, ${ACCOUNT}
       ), begun AS (SELECT * FROM found WHERE $3
       ), ${remember('begun', '$6', '$7', '$8')}
       SELECT "coreEpoch", "userPolls", "outboundPolls" FROM found`,
      [isNew, process.marker ?? null, process.uptimeSeconds, reason, version, configVersion],
    );
    return accountOf(row, grant);
  }

  /** Records that the node has been seen to do nothing more, as its row of this generation wants it. */
  async recordRetirement(grant: Grant, generation: bigint): Promise<void> {
    await this.writes.run(
      grant,
      'UPDATE node_runtime SET applied_generation = $3 WHERE node_id = $1 AND owner_epoch = $2',
      [generation],
    );
  }

  /** Records that a core that was not restarted runs this version of the config. */
  async recordConfig(grant: Grant, config: { version: bigint; hash: string }): Promise<void> {
    await this.writes.run(
      grant,
      `UPDATE node_runtime
          SET applied_config_version = $3, last_good_config_version = $3, applied_config_hash = $4,
              refusals = 0, retry_refused_at = NULL, refusal = NULL, starting_config_version = NULL
        WHERE node_id = $1 AND owner_epoch = $2`,
      [config.version, Buffer.from(config.hash, 'hex')],
    );
  }

  /** Records what a core runs that somebody else has started, and that what operators asked for was done as far as it can be. */
  async recordForeign(
    grant: Grant,
    seen: {
      /** Undefined while more is to be done before the node is as its row wants it. */
      generation: bigint | undefined;
      restartGeneration: bigint;
      /** Undefined when it is none of ours. */
      config: { version: bigint; hash: string } | undefined;
    },
  ): Promise<void> {
    await this.writes.run(
      grant,
      `UPDATE node_runtime
          SET applied_generation = coalesce($3, applied_generation), applied_restart_generation = $4,
              applied_config_version = $5, last_good_config_version = $5, applied_config_hash = $6,
              refusals = 0, retry_refused_at = NULL
        WHERE node_id = $1 AND owner_epoch = $2`,
      [
        seen.generation ?? null,
        seen.restartGeneration,
        seen.config?.version ?? null,
        seen.config ? Buffer.from(seen.config.hash, 'hex') : null,
      ],
    );
  }

  /** The node could not be started on another config, and does not try at the moment. */
  async leaveRollOut(grant: Grant): Promise<void> {
    await this.writes.run(
      grant,
      'UPDATE node_runtime SET starting_config_version = NULL WHERE node_id = $1 AND owner_epoch = $2',
      [],
    );
  }

  /** From now on users are charged by this coefficient. */
  async recordCoefficient(grant: Grant, coefficient: number): Promise<void> {
    await this.writes.run(
      grant,
      'UPDATE node_runtime SET charged_coefficient = $3 WHERE node_id = $1 AND owner_epoch = $2',
      [coefficient],
    );
  }

  /** Shows the node in another state; the same state again changes nothing. */
  async showStatus(
    grant: Grant,
    status: NodeStatus,
    shown: { version: string | null; message: string | null },
  ): Promise<void> {
    await this.writes.row(
      grant,
      `WITH fence AS (SELECT node_id FROM node_runtime WHERE node_id = $1 AND owner_epoch = $2 FOR UPDATE)
       UPDATE nodes SET status = $3, xray_version = $4, message = $5, last_status_change = now()
         FROM fence WHERE id = fence.node_id AND ${IS_SHOWN}
          AND (status, xray_version, message) IS DISTINCT FROM ($3::node_status, $4, $5)`,
      [status, shown.version, cut(shown.message)],
    );
  }

  /** Remembers failures in a row, the last one, and when to try again, also for the next owner. */
  async recordFailure(grant: Grant, failure: Failure): Promise<void> {
    const { failures, retryAfterSeconds, message } = failure;
    await this.writes.run(
      grant,
      `UPDATE node_runtime
          SET failures = $3, next_attempt_at = now() + make_interval(secs => $4), last_error = $5, last_error_at = now()
        WHERE node_id = $1 AND owner_epoch = $2`,
      [failures, retryAfterSeconds, cut(message)],
    );
  }

  /**
   * Remembers up to where users are applied on many nodes, and returns those of which it is remembered. A row that is locked is left
   * out, since its node must not hold up the others, and so is that of a node with another owner.
   */
  async saveCursors(all: readonly AppliedPlace[]): Promise<ReadonlySet<AppliedPlace>> {
    // Who starts at an older place than this does work twice, which does no harm.
    const saved = await this.writes.some<{ nodeId: number; epoch: bigint }>(SAVE_CURSORS, [
      all.map(({ grant }) => grant.nodeId),
      all.map(({ grant }) => grant.epoch),
      all.map(({ place }) => place.cursor.xid.toString()),
      all.map(({ place }) => place.cursor.seq),
      all.map(({ isSynced }) => isSynced),
      all.map(({ place }) => place.outboxId),
    ]);
    const epochs = new Map(saved.map(({ nodeId, epoch }) => [nodeId, epoch]));
    return new Set(all.filter(({ grant }) => epochs.get(grant.nodeId) === grant.epoch));
  }
}

const SAVE_CURSORS: Statement = {
  name: 'save_cursors',
  text: `
    WITH applied AS (
      SELECT * FROM unnest($1::int[], $2::bigint[], $3::xid8[], $4::bigint[], $5::boolean[], $6::uuid[])
        AS a (node_id, epoch, xid, seq, is_synced, outbox)
    ), own AS (
      SELECT r.node_id FROM node_runtime r JOIN applied a ON a.node_id = r.node_id AND a.epoch = r.owner_epoch
       ORDER BY r.node_id FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE node_runtime r
       SET cursor_outbox = a.outbox, cursor_xid = a.xid, cursor_seq = a.seq,
           full_sync_needed = (r.full_sync_needed OR r.cursor_outbox IS DISTINCT FROM a.outbox) AND NOT a.is_synced
      FROM own JOIN applied a USING (node_id) WHERE r.node_id = own.node_id
    RETURNING r.node_id AS "nodeId", r.owner_epoch AS epoch`,
};

/** The starts by reason, with one more for this one. */
function oneMore(reason: string): string {
  return `core_starts || jsonb_build_object(${reason}::text, coalesce((core_starts ->> ${reason})::bigint, 0) + 1)`;
}

/** Notes the start of the process in `source`, and forgets the one that is too long ago. */
function remember(source: string, reason: string, version: string, configVersion: string): string {
  return `noted AS (
         INSERT INTO node_core_start (node_id, core_epoch, reason, xray_version, config_version)
         SELECT node_id, core_epoch, ${reason}, ${version}, ${configVersion} FROM ${source}
       ), forgotten AS (
         DELETE FROM node_core_start s USING ${source} b
          WHERE s.node_id = b.node_id AND s.core_epoch <= b.core_epoch - ${REMEMBERED_STARTS}
       )`;
}

/** An operator's word stands: only the local core, which nobody can disable, comes back from `disabled` by itself. */
const IS_SHOWN = "deleted_at IS NULL AND (status <> 'disabled' OR kind = 'local')";

const ACCOUNT = 'core_epoch AS "coreEpoch", user_polls AS "userPolls", outbound_polls AS "outboundPolls"';

interface AccountRow {
  coreEpoch: bigint;
  userPolls: bigint;
  outboundPolls: bigint;
}

function accountOf(row: AccountRow | undefined, { nodeId }: Grant): CoreAccount {
  if (!row) throw new LeaseLost(nodeId);
  return { coreEpoch: row.coreEpoch, polls: { users: row.userPolls, outbounds: row.outboundPolls } };
}

/** A text as it is stored. */
export function cut<T extends string | null>(message: T): T | string {
  return message === null ? message : message.replaceAll('\0', '').slice(0, MAX_MESSAGE);
}
