import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { User, UserStatus } from './domain/user.js';
import { toUser, USER_COLUMNS, USER_TABLES, type UserRow } from './user-rows.js';

export const SORT_KEYS = ['username', 'used_traffic', 'data_limit', 'expire', 'created_at'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Which users, in which order. Undefined means: any. All conditions hold together. */
export interface UserQuery {
  /** Exact names; an empty list matches nobody. */
  usernames?: string[];
  /** Part of the name or note, in any case. */
  search?: string;
  /** Names of owners. */
  owners?: string[];
  ownerId?: number;
  status?: UserStatus;
  sort: { key: SortKey; descending: boolean }[];
}

/** A part of the result; without a limit all of it. */
export interface Page {
  offset: number;
  limit?: number;
}

const ORDER: Record<SortKey, string> = {
  username: 'u.username',
  used_traffic: 'g.used_traffic',
  data_limit: 'u.data_limit',
  expire: 'u.expire_at',
  created_at: 'u.created_at',
};

const BATCH = 1_000;

/** Lists of users. */
@Injectable()
export class UserListRepository {
  constructor(private readonly db: Database) {}

  async page(query: UserQuery, page: Page): Promise<User[]> {
    const { sql, values } = select(query, page);
    return (await this.db.rows<UserRow>(sql, values)).map(toUser);
  }

  /** The same in batches, all of one moment. */
  async *batches(query: UserQuery, page: Page): AsyncGenerator<User[]> {
    const { sql, values } = select(query, page);
    for await (const rows of this.db.batches<UserRow>(sql, values, BATCH)) yield rows.map(toUser);
  }

  async count(query: UserQuery): Promise<number> {
    const values: unknown[] = [];
    const sql = `SELECT count(*)::int AS total FROM users u ${where(query, values)}`;
    return (await this.db.row<{ total: number }>(sql, values))!.total;
  }
}

function select(query: UserQuery, page: Page): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = where(query, values);
  const limit = page.limit === undefined ? '' : `LIMIT ${bind(page.limit)}`;
  const offset = page.offset === 0 ? '' : `OFFSET ${bind(page.offset)}`;
  return {
    sql: `SELECT ${USER_COLUMNS} FROM ${USER_TABLES} ${conditions} ORDER BY ${orderBy(query)} ${limit} ${offset}`,
    values,
  };
}

function where(query: UserQuery, values: unknown[]): string {
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions: string[] = [];
  if (query.usernames) conditions.push(`u.username = ANY (${bind(query.usernames)}::text[])`);
  if (query.search) {
    const pattern = bind(`%${query.search.replace(/[\\%_]/g, '\\$&')}%`);
    conditions.push(`(u.username ILIKE ${pattern} OR u.note ILIKE ${pattern})`);
  }
  if (query.owners) {
    conditions.push(
      `u.admin_id IN (SELECT id FROM admins WHERE username = ANY (${bind(query.owners)}::text[]))`,
    );
  }
  if (query.ownerId !== undefined) conditions.push(`u.admin_id = ${bind(query.ownerId)}`);
  if (query.status) conditions.push(`u.status = ${bind(query.status)}::user_status`);
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

/** Nulls come first upwards and last downwards, as in the predecessor's databases; the id makes every order total. */
function orderBy(query: UserQuery): string {
  const keys = query.sort.map(
    ({ key, descending }) => `${ORDER[key]} ${descending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`,
  );
  return [...keys, 'u.id'].join(', ');
}
