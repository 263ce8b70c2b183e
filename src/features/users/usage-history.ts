import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import type { DateRange } from '../../shared/domain/date-range.js';

/** What users used on one node. */
export interface NodeUsage {
  /** Null for the core of the service itself. */
  nodeId: number | null;
  nodeName: string;
  /** Bytes, the node's coefficient applied. */
  usedTraffic: bigint;
}

/** Whose usage is summed up; undefined means everybody's. */
export interface UsageOwners {
  /** Names of admins. */
  owners?: string[];
  ownerId?: number;
}

// Local cores come first, as one, whether there is any or not; deleted nodes are not shown.
const perNode = (used: string) => `
  WITH used AS MATERIALIZED (
    SELECT h.node_id, sum(h.used_traffic)::bigint AS bytes FROM node_user_usages h
     WHERE h.created_at BETWEEN $1 AND $2 AND ${used} GROUP BY h.node_id
  ), listed AS (
    SELECT id AS source, NULL::int AS id, 'Master' AS name FROM nodes WHERE kind = 'local'
    UNION ALL
    SELECT NULL, NULL, 'Master'
    UNION ALL
    SELECT id, id, name FROM nodes WHERE kind <> 'local' AND deleted_at IS NULL
  )
  SELECT listed.id AS "nodeId", listed.name AS "nodeName", coalesce(sum(used.bytes), 0)::bigint AS "usedTraffic"
    FROM listed LEFT JOIN used ON used.node_id = listed.source
   GROUP BY listed.id, listed.name ORDER BY listed.id NULLS FIRST`;

const OF_USER: Statement = { name: 'usage_of_user', text: perNode('h.user_id = $3') };

// Not prepared: the plan depends on how many users are asked for.
const OF_USERS = perNode(`EXISTS (
    SELECT FROM users u WHERE u.id = h.user_id
       AND ($3::int IS NULL OR u.admin_id = $3)
       AND ($4::text[] IS NULL OR u.admin_id IN (SELECT id FROM admins WHERE username = ANY ($4::text[]))))`);

/**
 * Who used how much on which node, from the hours that begin within a range: the service's own core first, called
 * `Master`, then every node in id order, whether anything was used there or not.
 */
@Injectable()
export class UsageHistory {
  constructor(private readonly db: Database) {}

  async ofUser(userId: number, { start, end }: DateRange): Promise<NodeUsage[]> {
    return this.db.rows<NodeUsage>(OF_USER, [start, end, userId]);
  }

  /** The sum over all users of these owners. An owner that does not exist has used nothing. */
  async ofUsers({ owners, ownerId }: UsageOwners, { start, end }: DateRange): Promise<NodeUsage[]> {
    return this.db.rows<NodeUsage>(OF_USERS, [start, end, ownerId ?? null, owners ?? null]);
  }
}
