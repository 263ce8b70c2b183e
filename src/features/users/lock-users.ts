import type { Tx } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import type { User } from './domain/user.js';
import { readUsers } from './read-users.js';

const LOCK: Statement = {
  name: 'users_lock',
  text: 'SELECT FROM users WHERE id = ANY ($1::int[]) ORDER BY id FOR NO KEY UPDATE',
};

/** Locks these users until the transaction ends, in the order of everyone (docs/decisions/0011); who is gone is left out. */
export async function lockUsers(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.run(LOCK, [ids]);
}

/** The same, and returns them. Their traffic is not locked and may grow. */
export async function lockAndReadUsers(tx: Tx, ids: readonly number[]): Promise<User[]> {
  await lockUsers(tx, ids);
  return readUsers(tx, ids);
}
