import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';

/** A client application fetched a user's subscription. */
export interface Fetch {
  userId: number;
  at: Date;
  userAgent: string;
}

const WRITE: Statement = {
  name: 'subscription_fetches',
  text: `WITH seen AS ( -- FETCH is a keyword
           SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::text[]) AS f (user_id, at, user_agent)
         ), locked AS ( -- in id order, so that two bulk writers cannot deadlock
           SELECT u.id FROM users u JOIN seen f ON f.user_id = u.id ORDER BY u.id FOR NO KEY UPDATE OF u
         )
         UPDATE users u
            SET sub_updated_at = f.at, sub_last_user_agent = f.user_agent
           FROM seen f JOIN locked ON locked.id = f.user_id
          WHERE u.id = f.user_id AND (u.sub_updated_at IS NULL OR u.sub_updated_at <= f.at)`,
};

@Injectable()
export class FetchesRepository {
  constructor(private readonly db: Database) {}

  /** Notes the latest fetch of each user; one per user. An older one than is known changes nothing. */
  async write(fetches: readonly Fetch[]): Promise<void> {
    await this.db.run(WRITE, [
      fetches.map((fetch) => fetch.userId),
      fetches.map((fetch) => fetch.at),
      fetches.map((fetch) => fetch.userAgent),
    ]);
  }
}
