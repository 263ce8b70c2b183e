import { Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../../shared/database/database.js';
import { regionOf } from './domain/network.js';

const KNOWN_DAYS = 90;
/** Networks an admin is known in, at most: whoever has the password could make any number of them. */
const KNOWN_NETWORKS = 100;

const find = {
  name: 'known_logins_find',
  text: `SELECT k.network FROM known_logins k JOIN admins a ON a.id = k.admin_id
          WHERE a.username = $1 AND k.network = $2 AND k.last_at > now() - make_interval(days => $3)`,
};
/** Once a day is often enough: bots log in all the time. An admin who was removed meanwhile is left alone. */
const add = {
  name: 'known_logins_add',
  text: `INSERT INTO known_logins AS k (admin_id, network) SELECT id, $2 FROM admins WHERE id = $1
         ON CONFLICT (admin_id, network) DO UPDATE SET last_at = now() WHERE k.last_at < now() - interval '1 day'`,
};

/** The networks that admins have logged in from, as all replicas see them. */
@Injectable()
export class KnownLoginsRepository {
  constructor(private readonly db: Database) {}

  /** Whether the admin of this name has logged in from the network of `address` of late. */
  async has(username: string, address: string): Promise<boolean> {
    const region = regionOf(address);
    if (region === undefined) return false;
    return (await this.db.point(find, [username, region, KNOWN_DAYS])).length > 0;
  }

  async add(adminId: number, address: string): Promise<void> {
    const region = regionOf(address);
    if (region !== undefined) await this.db.point(add, [adminId, region]);
  }

  /** Removes the oldest of too many, and those not seen for long. */
  async prune(db: Queryable): Promise<number> {
    return db.run(
      `DELETE FROM known_logins k
        USING (SELECT admin_id, network, row_number() OVER (PARTITION BY admin_id ORDER BY last_at DESC) AS place
                 FROM known_logins) r
        WHERE r.admin_id = k.admin_id AND r.network = k.network
          AND (r.place > $1 OR k.last_at < now() - make_interval(days => $2))`,
      [KNOWN_NETWORKS, KNOWN_DAYS],
    );
  }
}
