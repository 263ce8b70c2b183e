import type { Tx } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import type { User } from './domain/user.js';
import { toUser, USER_COLUMNS, USER_TABLES, type UserRow } from './user-rows.js';

const BY_IDS: Statement = {
  name: 'users_by_ids',
  text: `SELECT ${USER_COLUMNS} FROM ${USER_TABLES} WHERE u.id = ANY ($1::int[]) ORDER BY u.id`,
};

/** Those of these users that are there, in id order. After they were locked, so that a wait makes none of it outdated. */
export async function readUsers(tx: Tx, ids: readonly number[]): Promise<User[]> {
  return ids.length === 0 ? [] : (await tx.rows<UserRow>(BY_IDS, [ids])).map(toUser);
}
