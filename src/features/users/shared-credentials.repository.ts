import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../shared/database/worker-database.js';

/** Users that a core cannot tell apart. */
export interface SharedCredential {
  protocol: string;
  /** The one who was made first, and the last. */
  first: string;
  last: string;
  /** Of all of them. */
  count: number;
}

/** More need not be told one by one. */
const LIMIT = 1_000;

const CREDENTIALS: Record<string, string> = {
  shadowsocks: "concat(p ->> 'method', ' ', p ->> 'password')",
  trojan: "p ->> 'password'",
  vless: "lower(p ->> 'id')",
  vmess: "lower(p ->> 'id')",
};

/**
 * Compared by a hash, so that what is sorted is small. Every user is read: some seven seconds for a million and each
 * protocol. Indexes would cost every change of a user for what hardly ever happens.
 */
const sharedSql = (protocol: string) => `
  WITH credential AS (
    SELECT id, hashtextextended(${CREDENTIALS[protocol]}, 0) AS hash
      FROM (SELECT id, proxies -> '${protocol}' AS p FROM users WHERE status IN ('active', 'on_hold')) u
     WHERE p IS NOT NULL
  ), shared AS (
    SELECT min(id) AS first, max(id) AS last, count(*)::int FROM credential
     GROUP BY hash HAVING count(*) > 1 ORDER BY min(id) LIMIT ${LIMIT}
  )
  SELECT '${protocol}' AS protocol, f.username AS first, l.username AS last, s.count
    FROM shared s JOIN users f ON f.id = s.first JOIN users l ON l.id = s.last ORDER BY s.first`;

@Injectable()
export class SharedCredentialsRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Among the users that cores serve. One protocol after the other: all at once might take longer than a statement may. */
  async find(): Promise<SharedCredential[]> {
    const found: SharedCredential[] = [];
    for (const protocol of Object.keys(CREDENTIALS)) {
      found.push(...(await this.db.rows<SharedCredential>(sharedSql(protocol))));
    }
    return found;
  }
}
