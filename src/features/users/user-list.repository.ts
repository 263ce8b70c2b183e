import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { SortKey, SortOrder } from './domain/user-sort.js';
import type { User, UserStatus } from './domain/user.js';
import { UserCounts } from './user-counts.js';
import { toUser, USER_COLUMNS, USER_TABLES, type UserRow } from './user-rows.js';

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
  sort: readonly SortOrder[];
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

/** Small enough that making one does not hold up other requests. */
const BATCH = 250;

/** Lists of users. */
@Injectable()
export class UserListRepository {
  constructor(
    private readonly db: Database,
    private readonly counts: UserCounts,
  ) {}

  async page(query: UserQuery, page: Page): Promise<User[]> {
    const { sql, values } = select(query, page);
    return (await this.db.rows<UserRow>(sql, values)).map(toUser);
  }

  /** The same in batches, all of one moment. */
  async *batches(query: UserQuery, page: Page): AsyncGenerator<User[]> {
    const { sql, values } = select(query, page);
    for await (const rows of this.db.batches<UserRow>(sql, values, BATCH)) yield rows.map(toUser);
  }

  /** How many users the query matches. */
  async count(query: UserQuery): Promise<number> {
    const values: unknown[] = [];
    return this.counts.of(`SELECT count(*)::int AS total FROM users u ${where(query, values)}`, values);
  }
}

/**
 * A page is chosen on the narrow columns first, so that skipped and sorted rows are not read whole. Without a limit
 * every row is read anyway.
 */
function select(query: UserQuery, { offset, limit }: Page): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const order = `ORDER BY ${orderBy(query)}`;
  const skip = offset === 0 ? '' : `OFFSET ${bind(offset)}`;
  if (limit === undefined) {
    const sql = `SELECT ${USER_COLUMNS} FROM ${USER_TABLES} ${where(query, values)} ${order} ${skip}`;
    return { sql, values };
  }
  const usage = query.sort.some(({ key }) => key === 'used_traffic')
    ? 'JOIN user_usage g ON g.user_id = u.id'
    : '';
  const page = `SELECT u.id FROM users u ${usage} ${where(query, values)} ${order} LIMIT ${bind(limit)} ${skip}`;
  const sql = `SELECT ${USER_COLUMNS} FROM (${page}) page JOIN (${USER_TABLES}) ON u.id = page.id ${order}`;
  return { sql, values };
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
