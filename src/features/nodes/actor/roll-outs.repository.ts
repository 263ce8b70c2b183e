import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../../shared/database/database-clock.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { Tx } from '../../../shared/database/database.js';
import type { Grant } from '../domain/grant.js';
import { type Admission, type RollOutNode, SUCCESSION_SECONDS } from '../domain/roll-out.js';
import { FOREIGN_KINDS } from '../node.js';

/** Any fixed number: whoever holds this advisory lock may let nodes start on another config. */
const ADMISSION_LOCK = 7_345_003;

/** What a roll-out is decided on. */
export interface RollOutFacts {
  /** Of the active config. */
  version: bigint | undefined;
  /** Those that are to run, and take their config from here. */
  nodes: RollOutNode[];
}

@Injectable()
export class RollOutsRepository {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Lets `plan` decide on things as they are, one replica after the other, and notes which nodes may start. Returns what
   * was decided; undefined while another replica decides.
   */
  async decide(
    grants: readonly Grant[],
    plan: (facts: RollOutFacts) => Map<number, Admission>,
  ): Promise<Map<number, Admission> | undefined> {
    return this.db.transaction(async (tx) => {
      const lock = await tx.row<{ isHeld: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS "isHeld"', [
        ADMISSION_LOCK,
      ]);
      if (!lock!.isHeld) return undefined;
      const active = await tx.row<{ version: bigint }>(
        "SELECT version FROM core_config WHERE state = 'active'",
      );
      const answers = plan({
        version: active?.version,
        nodes: await tx.rows<RollOutNode>(NODES, [FOREIGN_KINDS, this.clock.unjumped()]),
      });
      const going = grants.filter(({ nodeId }) => answers.get(nodeId)?.do === 'go');
      const noted = going.length > 0 ? await this.note(tx, going, active!.version) : new Set<number>();
      for (const { nodeId } of going) if (!noted.has(nodeId)) answers.set(nodeId, { do: 'wait' });
      return answers;
    });
  }

  /** Not those whose row somebody holds: that may take a while, and they will ask again. */
  private async note(tx: Tx, grants: readonly Grant[], version: bigint): Promise<Set<number>> {
    const noted = await tx.rows<{ nodeId: number }>(
      `WITH going AS (
         SELECT r.node_id FROM node_runtime r JOIN unnest($1::int[], $2::bigint[]) AS g (node_id, epoch)
             ON g.node_id = r.node_id AND g.epoch = r.owner_epoch
          ORDER BY r.node_id FOR NO KEY UPDATE OF r SKIP LOCKED
       )
       UPDATE node_runtime r SET starting_config_version = $3 FROM going WHERE r.node_id = going.node_id
       RETURNING r.node_id AS "nodeId"`,
      [grants.map(({ nodeId }) => nodeId), grants.map(({ epoch }) => epoch), version],
    );
    return new Set(noted.map(({ nodeId }) => nodeId));
  }
}

const NODES = {
  name: 'roll_out_nodes',
  text: `
    SELECT n.id, n.name, r.starting_config_version AS "startingVersion", r.applied_config_version AS "triedVersion",
           r.last_good_config_version AS "lastGoodVersion", r.refusal, r.failures,
           l.expires_at > least(clock_timestamp(), $2) - interval '${SUCCESSION_SECONDS} s' AS "isCaredFor"
      FROM nodes n JOIN node_runtime r ON r.node_id = n.id JOIN node_lease l ON l.node_id = n.id
     WHERE n.kind <> ALL ($1) AND n.status <> 'disabled' AND n.deleted_at IS NULL ORDER BY n.id`,
};
