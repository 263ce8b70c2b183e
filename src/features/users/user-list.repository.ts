import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
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
  used_traffic: 'used_traffic', // of user_usage, whatever stands for it
  data_limit: 'u.data_limit',
  expire: 'u.expire_at',
  created_at: 'u.created_at',
};

const NULLABLE = new Set<SortKey>(['data_limit', 'expire']);

/** Ids are small. */
const IDS_AT_ONCE = 10_000;

const BY_IDS: Statement = {
  name: 'listed_users',
  text: `SELECT ${USER_COLUMNS}
           FROM unnest($1::int[]) WITH ORDINALITY AS page (id, place) JOIN (${USER_TABLES}) ON u.id = page.id
          ORDER BY page.place`,
};

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

  /** The ids of the same users, all of one moment. */
  async ids(query: UserQuery, page: Page): Promise<number[]> {
    const { sql, values } = selectIds(query, page);
    const ids: number[] = [];
    for await (const rows of this.db.batches<{ id: number }>(sql, values, IDS_AT_ONCE)) {
      for (const { id } of rows) ids.push(id);
    }
    return ids;
  }

  /** These users, in this order, as they are now; those that are gone are missing. */
  async byIds(ids: readonly number[]): Promise<User[]> {
    return (await this.db.rows<UserRow>(BY_IDS, [ids])).map(toUser);
  }

  /** How many users the query matches. */
  async count(query: UserQuery): Promise<number> {
    const values: unknown[] = [];
    return this.counts.of(`SELECT count(*)::int AS total FROM users u ${where(query, values)}`, values);
  }
}

/** A page is chosen on the narrow columns first, so that skipped and sorted rows are not read whole. */
function select(query: UserQuery, page: Page): { sql: string; values: unknown[] } {
  const { sql: ids, values } = selectIds(query, page);
  const sql = `SELECT ${USER_COLUMNS} FROM (${ids}) page JOIN (${USER_TABLES}) ON u.id = page.id ORDER BY ${orderBy(query)}`;
  return { sql, values };
}

function selectIds(query: UserQuery, { offset, limit }: Page): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const from = source(query, where(query, values));
  const cut = limit === undefined ? '' : `LIMIT ${bind(limit)}`;
  const skip = offset === 0 ? '' : `OFFSET ${bind(offset)}`;
  return { sql: `SELECT u.id FROM ${from} ORDER BY ${orderBy(query)} ${cut} ${skip}`, values };
}

/** What a page is chosen from: only the tables that its conditions and order need. */
function source({ sort }: UserQuery, conditions: string): string {
  if (!sort.some(({ key }) => key === 'used_traffic')) return `users u ${conditions}`;
  return sort.length === 1 && conditions === ''
    ? '(SELECT user_id AS id, used_traffic FROM user_usage) u'
    : `(SELECT user_id, used_traffic FROM user_usage) g JOIN users u ON u.id = g.user_id ${conditions}`;
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

/**
 * Nulls come first upwards and last downwards, as in the predecessor's databases. Names are unique and make an order
 * total; else the id does, in the direction of the last key, as the indexes have it.
 */
function orderBy({ sort }: UserQuery): string {
  const keys = sort.map(({ key, descending }) => {
    const nulls = NULLABLE.has(key) ? (descending ? ' NULLS LAST' : ' NULLS FIRST') : '';
    return `${ORDER[key]}${descending ? ' DESC' : ''}${nulls}`;
  });
  if (sort.some(({ key }) => key === 'username')) return keys.join(', ');
  return [...keys, sort.at(-1)?.descending ? 'u.id DESC' : 'u.id'].join(', ');
}
