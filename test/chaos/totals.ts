import type { ChaosDatabase } from './chaos-database.js';

/** Each difference between what the journal says and what operators are shown, as a sentence; none, if all is well. */
export async function wrongTotals(database: ChaosDatabase): Promise<string[]> {
  const rows = await database.read<{ what: string; shown: bigint; expected: bigint }>(`
    WITH charge AS (
      SELECT c.*, floor((up + down) * coefficient::numeric)::bigint AS bytes FROM chaos.charge c
    ), total AS (
      SELECT 'traffic of ' || u.username AS what, g.used_traffic + g.reset_traffic AS shown,
             (SELECT coalesce(sum(bytes), 0)::bigint FROM charge WHERE user_id = u.id) AS expected
        FROM users u JOIN user_usage g ON g.user_id = u.id
      UNION ALL
      SELECT 'history of ' || u.username || ' on ' || n.name,
             (SELECT coalesce(sum(used_traffic), 0)::bigint FROM node_user_usages h
               WHERE h.user_id = u.id AND h.node_id = n.id),
             (SELECT coalesce(sum(bytes), 0)::bigint FROM charge c WHERE c.user_id = u.id AND c.node_id = n.id)
        FROM users u CROSS JOIN nodes n
      UNION ALL
      SELECT 'traffic of the users of ' || a.username, a.users_usage,
             (SELECT coalesce(sum(bytes), 0)::bigint FROM charge WHERE user_id IS NOT NULL)
        FROM admins a
      UNION ALL
      SELECT 'bytes of ' || n.name, n.uplink + n.downlink,
             (SELECT coalesce(sum(up + down), 0)::bigint FROM charge c WHERE c.node_id = n.id AND tag IS NOT NULL)
        FROM nodes n
      UNION ALL
      SELECT 'history of ' || n.name, (SELECT coalesce(sum(uplink + downlink), 0)::bigint FROM node_usages h WHERE h.node_id = n.id),
             (SELECT coalesce(sum(up + down), 0)::bigint FROM charge c WHERE c.node_id = n.id AND tag IS NOT NULL)
        FROM nodes n
    )
    SELECT * FROM total WHERE shown <> expected ORDER BY what`);
  const backwards = await database.read<{ what: string; bytes: bigint }>(`
    SELECT coalesce('user ' || user_id, 'outbound ' || tag) || ' on node ' || node_id AS what, up + down AS bytes
      FROM chaos.charge WHERE up < 0 OR down < 0`);
  return [
    ...rows.map(({ what, shown, expected }) => `${what}: ${shown} shown, ${expected} charged`),
    ...backwards.map(({ what, bytes }) => `${what}: a charge of ${bytes} bytes`),
  ];
}

/** A coefficient that an operator gave a node; or may have given, at that time or later, when nobody answered. */
export interface Given {
  coefficient: number;
  isSure: boolean;
}

/** Whether the coefficients by which nodes were charged are those that operators gave them, in their order. */
export async function wrongCoefficients(
  database: ChaosDatabase,
  given: ReadonlyMap<number, readonly Given[]>,
): Promise<string[]> {
  const rows = await database.read<{ nodeId: number; coefficient: number }>(
    'SELECT node_id AS "nodeId", coefficient FROM chaos.charge WHERE user_id IS NOT NULL ORDER BY seq',
  );
  return [...given].flatMap(([nodeId, all]) => {
    let place = 0;
    for (const { coefficient } of rows.filter((row) => row.nodeId === nodeId)) {
      const found = all.findIndex((one, i) => i >= place && one.coefficient === coefficient);
      if (found >= 0) place = found;
      else if (!all.some((one) => !one.isSure && one.coefficient === coefficient))
        return [`node ${nodeId} was charged by ${coefficient} out of turn`];
    }
    return [];
  });
}
