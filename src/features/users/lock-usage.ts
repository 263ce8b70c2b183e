import type { Tx } from '../../shared/database/database.js';

/**
 * Locks the traffic of these users until the transaction ends; who is gone is left out. Always in id order and after
 * the users themselves, if those are locked too: the order of everyone who writes either (docs/decisions/0011).
 */
export async function lockUsage(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.run('SELECT FROM user_usage WHERE user_id = ANY ($1::int[]) ORDER BY user_id FOR NO KEY UPDATE', [
    ids,
  ]);
}
