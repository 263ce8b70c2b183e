import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import type { CoreUser } from '../../xray/config/types.js';

/** So few that nobody else has to wait for one of them to be written down. */
const BATCH = 1_000;

const COLUMNS = 'id, username, proxies, excluded_inbounds AS "excludedInbounds"';

const BY_IDS: Statement = {
  name: 'core_users_by_ids',
  text: `SELECT ${COLUMNS} FROM users WHERE id = ANY ($1::int[]) AND status IN ('active', 'on_hold')`,
};

const AFTER: Statement = {
  name: 'core_users_after',
  text: `SELECT ${COLUMNS} FROM users
          WHERE id > $1 AND status IN ('active', 'on_hold') ORDER BY id LIMIT ${BATCH}`,
};

/** More users with one credential are not looked at: any of them will do whom an inbound does not exclude. */
const SHARERS = 100;

const WITH_KEY = (['vless', 'vmess', 'trojan'] as const).map(
  (protocol) => `
  (SELECT id, excluded_inbounds::text AS excluded FROM users
    WHERE credential_key(proxies, '${protocol}') = c.key AND status IN ('active', 'on_hold') LIMIT ${SHARERS})`,
);

const SHARING: Statement = {
  name: 'core_users_sharing',
  text: `
  SELECT c.credential, s.id
    FROM (SELECT credential, CASE WHEN credential ~ '^-?[0-9]+$' THEN credential::bigint
                                  ELSE hashtextextended(credential, 0) END AS key
            FROM unnest($1::text[]) AS credential) c,
         LATERAL (SELECT DISTINCT ON (excluded) id FROM (${WITH_KEY.join(' UNION ALL')}) u ORDER BY excluded, id DESC) s`,
};

/** The users that cores serve: those with status `active` or `on_hold`. */
@Injectable()
export class CoreUsersRepository {
  /** Those of the given users that cores serve, in no order. Whoever is missing must not have accounts. */
  async byIds(db: Queryable, ids: readonly number[]): Promise<CoreUser[]> {
    return db.rows<CoreUser>(BY_IDS, [ids]);
  }

  /**
   * Of those that have these credentials so many that each inbound takes one of them. A credential is given as
   * `credentialOf` makes it, or as its key in the database.
   */
  async sharing(
    db: Queryable,
    credentials: readonly string[],
  ): Promise<{ credential: string; id: number }[]> {
    return db.rows<{ credential: string; id: number }>(SHARING, [credentials]);
  }

  /** All of them in id order, in batches. Whoever needs one moment of the database passes a transaction that has it. */
  async *all(db: Queryable): AsyncGenerator<CoreUser[]> {
    let after = 0;
    for (;;) {
      const batch = await db.rows<CoreUser>(AFTER, [after]);
      if (batch.length > 0) yield batch;
      if (batch.length < BATCH) return;
      after = batch.at(-1)!.id;
    }
  }
}
