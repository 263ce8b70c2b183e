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
  /** Of all users who share a credential of this protocol, also of those who are not told one by one. */
  total: number;
}

/** More need not be told one by one. */
const LIMIT = 1_000;

const CREDENTIALS = {
  shadowsocks:
    "hashtextextended(concat(proxies -> 'shadowsocks' ->> 'method', ' ', proxies -> 'shadowsocks' ->> 'password'), 0)",
  trojan: "credential_key(proxies, 'trojan')",
  vless: "credential_key(proxies, 'vless')",
  vmess: "credential_key(proxies, 'vmess')",
};

export type CredentialProtocol = keyof typeof CREDENTIALS;
/** In the order in which they are told of. */
export const CREDENTIAL_PROTOCOLS = Object.keys(CREDENTIALS) as CredentialProtocol[];

/**
 * Compared by a hash, so that what is sorted is small. Every user is read and its JSON parsed, which is most of the work: see
 * docs/decisions/0020.
 */
const sharedSql = (protocol: CredentialProtocol) => `
  WITH credential AS (
    SELECT id, ${CREDENTIALS[protocol]} AS hash
      FROM users WHERE status IN ('active', 'on_hold') AND proxies -> '${protocol}' IS NOT NULL
  ), shared AS (
    SELECT min(id) AS first, max(id) AS last, count(*)::int, (sum(count(*)) OVER ())::int AS total
      FROM credential
     GROUP BY hash HAVING count(*) > 1 ORDER BY min(id) LIMIT ${LIMIT}
  )
  SELECT '${protocol}' AS protocol, f.username AS first, l.username AS last, s.count, s.total
    FROM shared s JOIN users f ON f.id = s.first JOIN users l ON l.id = s.last ORDER BY s.first`;

@Injectable()
export class SharedCredentialsRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Among the users that cores serve. */
  async find(protocol: CredentialProtocol): Promise<SharedCredential[]> {
    return this.db.rows<SharedCredential>(sharedSql(protocol));
  }
}
