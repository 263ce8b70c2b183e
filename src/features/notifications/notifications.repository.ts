import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { Delivery } from './channel.js';

/** `failed`: is pending, and was tried already. */
export const DELIVERY_STATES = ['pending', 'failed', 'dead', 'delivered'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What became of a notification at one target so far. */
export interface KeptDelivery {
  id: bigint;
  notificationId: string;
  target: string;
  state: DeliveryState;
  tries: number;
  sendAt: Date;
  finishedAt: Date | null;
  lastStatus: number | null;
  lastAnswer: string | null;
  at: Date;
  action: Delivery['action'];
  username: string | null;
}

export interface DeliveryFilter {
  state?: DeliveryState;
  target?: string;
  /** Only those before this one. */
  before?: bigint;
  limit: number;
}

/** How many deliveries there are for a target. */
export interface TargetCounts {
  target: string;
  pending: number;
  failed: number;
  dead: number;
}

const COLUMNS = `d.id, d.notification_id AS "notificationId", d.target, d.tries, d.send_at AS "sendAt",
                 CASE WHEN d.state = 'pending' AND d.tries > 0 THEN 'failed' ELSE d.state END AS state,
                 d.finished_at AS "finishedAt", d.last_status AS "lastStatus", d.last_answer AS "lastAnswer",
                 n.at, n.action, n.username`;

const SHOW = (deliveries: string) =>
  `SELECT ${COLUMNS} FROM ${deliveries} d JOIN notification n ON n.id = d.notification_id`;

/** By the index of each state: a target may have few of very many. */
const STATES: Record<DeliveryState, { kept: string; also?: string }> = {
  pending: { kept: 'pending' },
  failed: { kept: 'pending', also: 'd.tries > 0' },
  dead: { kept: 'dead' },
  delivered: { kept: 'delivered' },
};

const AGAIN = `state = 'pending', tries = CASE WHEN state = 'pending' THEN tries ELSE 0 END, send_at = now(), finished_at = NULL`;

/** What operators see of deliveries, and may ask for. */
@Injectable()
export class NotificationsRepository {
  constructor(private readonly db: Database) {}

  /** The newest first. */
  async list({ state, target, before, limit }: DeliveryFilter): Promise<KeptDelivery[]> {
    if (state === undefined && target === undefined) {
      return this.db.rows<KeptDelivery>(
        `${SHOW('notification_delivery')} WHERE $1::bigint IS NULL OR d.id < $1 ORDER BY d.id DESC LIMIT $2`,
        [before ?? null, limit],
      );
    }
    const states = state === undefined ? (['pending', 'dead', 'delivered'] as const) : [state];
    const parts = states.map((name) => {
      const { kept, also = 'true' } = STATES[name];
      return `(SELECT * FROM notification_delivery d
                WHERE d.state = '${kept}' AND ${also} AND d.id < $1 AND ($2::text IS NULL OR d.target = $2)
                ORDER BY d.id DESC LIMIT $3)`;
    });
    return this.db.rows<KeptDelivery>(
      `${SHOW(`(${parts.join(' UNION ALL ')})`)} ORDER BY d.id DESC LIMIT $3`,
      [before ?? 2n ** 63n - 1n, target ?? null, limit],
    );
  }

  /** Targets that anything waits for or was given up for, by name. */
  async counts(): Promise<TargetCounts[]> {
    return this.db.rows<TargetCounts>(
      `SELECT target, (count(*) FILTER (WHERE state = 'pending' AND tries = 0))::int AS pending,
              (count(*) FILTER (WHERE state = 'pending' AND tries > 0))::int AS failed,
              (count(*) FILTER (WHERE state = 'dead'))::int AS dead
         FROM notification_delivery WHERE state IN ('pending', 'dead') GROUP BY target ORDER BY target`,
    );
  }

  /** Has a delivery made now, and with all its attempts if it had ended; undefined when there is none. */
  async replay(id: bigint): Promise<KeptDelivery | undefined> {
    return this.db.row<KeptDelivery>(
      `WITH again AS (UPDATE notification_delivery SET ${AGAIN} WHERE id = $1 RETURNING *) ${SHOW('again')}`,
      [id],
    );
  }

  /** The same for all that were given up of a target; returns how many. */
  async replayDead(target: string): Promise<number> {
    return this.db.run(
      `UPDATE notification_delivery SET ${AGAIN}
        WHERE id IN (SELECT id FROM notification_delivery WHERE state = 'dead' AND target = $1 ORDER BY id FOR UPDATE)`,
      [target],
    );
  }
}
