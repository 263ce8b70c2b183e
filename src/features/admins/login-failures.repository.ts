import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../../shared/database/database.js';
import { networkOf } from './domain/network.js';
import { FORGOTTEN_AFTER_SECONDS, type FailureCounts, type LimitedBy } from './domain/login-limit.js';

/** The keys one attempt is counted under. */
export type LimitKeys = Readonly<Record<LimitedBy, string>>;

/**
 * Names are hashed: people type passwords into the wrong field, and names of any length must fit an index. Of an IPv6
 * address the network counts, since one customer has all of it.
 */
export function limitKeys(username: string, address: string): LimitKeys {
  const name = createHash('sha256').update(username).digest('base64url');
  const network = networkOf(address);
  return { name_and_address: `both:${name}@${network}`, address: `address:${network}`, name: `name:${name}` };
}

/** One in the future is of a clock that was set back since: nobody waits for that. */
const find = {
  name: 'login_failures_find',
  text: `SELECT key, failures, extract(epoch FROM clock_timestamp() - last_at)::float8 AS seconds_ago FROM login_failures
          WHERE key = ANY ($1) AND last_at < clock_timestamp() + interval '1 s'`,
};
const add = {
  name: 'login_failures_add',
  text: `INSERT INTO login_failures AS f (key, failures, last_at)
         SELECT key, 1, now() FROM unnest($1::text[]) AS k (key) ORDER BY key
         ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,
           failures = CASE WHEN f.last_at BETWEEN now() - make_interval(secs => $2) AND now() + interval '1 s'
                           THEN f.failures + 1 ELSE 1 END`,
};

/** Failed logins as all replicas see them. */
@Injectable()
export class LoginFailuresRepository {
  constructor(private readonly db: Database) {}

  async find(keys: LimitKeys): Promise<FailureCounts> {
    const rows = await this.db.point<{ key: string; failures: number; seconds_ago: number }>(find, [
      Object.values(keys),
    ]);
    const counts = new Map(
      rows.map((row) => [row.key, { failures: row.failures, secondsAgo: row.seconds_ago }]),
    );
    return Object.fromEntries(Object.entries(keys).map(([by, key]) => [by, counts.get(key)]));
  }

  async add(keys: LimitKeys): Promise<void> {
    await this.db.point(add, [Object.values(keys), FORGOTTEN_AFTER_SECONDS]);
  }

  async forget(key: string): Promise<void> {
    await this.db.run('DELETE FROM login_failures WHERE key = $1', [key]);
  }

  /** Removes what no longer counts; returns how many keys that were. */
  async removeForgotten(db: Queryable): Promise<number> {
    return db.run('DELETE FROM login_failures WHERE last_at < now() - make_interval(secs => $1)', [
      FORGOTTEN_AFTER_SECONDS,
    ]);
  }
}
