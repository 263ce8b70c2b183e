import { Injectable } from '@nestjs/common';
import type { Tx } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import type { DueRow } from './delivery-rows.js';

/** So many rows are written at once where it may be all of a target. */
const CHUNK = 5_000;
/** Nothing waits for longer than until the next attempt; beyond that, a clock was set back. */
const CLOCK_SLACK_SECONDS = 60;

// One probe of the index for each target.
const WAITING: Statement = {
  name: 'deliveries_waiting',
  text: `WITH RECURSIVE first AS (
           (SELECT target, send_at FROM notification_delivery WHERE state = 'pending' ORDER BY target, send_at LIMIT 1)
           UNION ALL
           SELECT n.target, n.send_at
             FROM first f,
                  LATERAL (SELECT target, send_at FROM notification_delivery
                            WHERE state = 'pending' AND target > f.target ORDER BY target, send_at LIMIT 1) n
         )
         SELECT target, extract(epoch FROM send_at - clock_timestamp())::float8 * 1000 AS "inMs" FROM first`,
};

const DUE: Statement = {
  name: 'deliveries_due',
  text: `SELECT d.id, d.notification_id AS "notificationId", d.tries, d.send_at AS "sendAt", b.id AS "beforeId",
                b.send_at AS "beforeSendAt", n.at, n.action, n.username, n.by, n."user", n.extra
           FROM (SELECT id, notification_id, tries, send_at, username FROM notification_delivery
                  WHERE target = $1 AND state = 'pending' AND send_at <= clock_timestamp()
                  ORDER BY send_at, id LIMIT $2) d
           JOIN notification n ON n.id = d.notification_id
           LEFT JOIN LATERAL (
             SELECT id, send_at FROM notification_delivery
              WHERE target = $1 AND state = 'pending' AND username = d.username AND id < d.id
              ORDER BY id DESC LIMIT 1
           ) b ON true`,
};

const DELAY: Statement = {
  name: 'deliveries_delay',
  text: `UPDATE notification_delivery d SET send_at = w.send_at
           FROM unnest($1::bigint[], $2::timestamptz[]) AS w (id, send_at)
          WHERE d.id = w.id AND d.state = 'pending'`,
};

const DELIVERED: Statement = {
  name: 'deliveries_delivered',
  text: `UPDATE notification_delivery
            SET state = 'delivered', tries = tries + 1, finished_at = clock_timestamp(), last_status = $2, last_answer = $3
          WHERE id = ANY ($1::bigint[]) AND state = 'pending'`,
};

const DEAD: Statement = {
  name: 'deliveries_dead',
  text: `UPDATE notification_delivery
            SET state = 'dead', finished_at = clock_timestamp(), last_status = $2, last_answer = $3
          WHERE id = ANY ($1::bigint[]) AND state = 'pending'`,
};

/** $2: retries, $3: seconds until the next attempt. */
const FAIL = `UPDATE notification_delivery
                 SET tries = tries + 1, last_status = $4, last_answer = $5, send_at = clock_timestamp() + make_interval(secs => $3),
                     state = CASE WHEN tries >= $2 THEN 'dead' ELSE state END,
                     finished_at = CASE WHEN tries >= $2 THEN clock_timestamp() END`;

const FAILED: Statement = {
  name: 'deliveries_failed',
  text: `${FAIL} WHERE id = ANY ($1::bigint[]) AND state = 'pending'`,
};

const FAILED_DUE: Statement = {
  name: 'deliveries_failed_due',
  text: `${FAIL}
          WHERE id IN (SELECT id FROM notification_delivery
                        WHERE target = $1 AND state = 'pending' AND send_at <= clock_timestamp()
                        ORDER BY send_at, id LIMIT ${CHUNK})`,
};

const DEAD_OF_TARGET: Statement = {
  name: 'deliveries_dead_of_target',
  text: `UPDATE notification_delivery SET state = 'dead', finished_at = clock_timestamp(), last_status = NULL, last_answer = $2
          WHERE id IN (SELECT id FROM notification_delivery WHERE target = $1 AND state = 'pending'
                        ORDER BY send_at, id LIMIT ${CHUNK})`,
};

/** Makes sure that nobody else sends; called first in each transaction. */
export type Guard = (tx: Tx) => Promise<void>;

export interface Answer {
  status: number | null;
  answer: string | null;
}

/** What its one sender reads and writes of the queue. */
@Injectable()
export class DeliveriesRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Targets for which anything waits, and in how many milliseconds the first of it is due. */
  async waiting(): Promise<{ target: string; inMs: number }[]> {
    return this.db.rows(WAITING);
  }

  /** What is due for a target, with the earliest times. */
  async due(target: string, most: number): Promise<DueRow[]> {
    return this.db.rows<DueRow>(DUE, [target, most]);
  }

  /** On a clock that was set back nothing waits longer than it would have from now. */
  async shortenEndless(guard: Guard, retrySeconds: number): Promise<void> {
    await this.guarded(guard, (tx) =>
      tx.run(
        `UPDATE notification_delivery SET send_at = clock_timestamp()
          WHERE state = 'pending' AND send_at > clock_timestamp() + make_interval(secs => $1)`,
        [retrySeconds + CLOCK_SLACK_SECONDS],
      ),
    );
  }

  async delay(guard: Guard, waiting: readonly { id: bigint; sendAt: Date }[]): Promise<void> {
    await this.guarded(guard, (tx) =>
      tx.run(DELAY, [waiting.map(({ id }) => id), waiting.map(({ sendAt }) => sendAt)]),
    );
  }

  async delivered(guard: Guard, ids: readonly bigint[], { status, answer }: Answer): Promise<void> {
    await this.guarded(guard, (tx) => tx.run(DELIVERED, [ids, status, answer]));
  }

  async dead(guard: Guard, ids: readonly bigint[], { status, answer }: Answer): Promise<void> {
    await this.guarded(guard, (tx) => tx.run(DEAD, [ids, status, answer]));
  }

  /** Plans the next attempt, or none after the last. */
  async failed(guard: Guard, ids: readonly bigint[], { status, answer }: Answer, plan: Plan): Promise<void> {
    await this.guarded(guard, (tx) => tx.run(FAILED, [ids, plan.retries, plan.retrySeconds, status, answer]));
  }

  /** The same for some of all that is due for a target; returns whether there may be more. */
  async failedDue(guard: Guard, target: string, { status, answer }: Answer, plan: Plan): Promise<boolean> {
    const values = [target, plan.retries, plan.retrySeconds, status, answer];
    return (await this.guarded(guard, (tx) => tx.run(FAILED_DUE, values))) === CHUNK;
  }

  /** Gives some of all up that waits for a target, due or not; returns how many. */
  async deadOfTarget(guard: Guard, target: string, why: string): Promise<number> {
    return this.guarded(guard, (tx) => tx.run(DEAD_OF_TARGET, [target, why]));
  }

  private guarded<T>(guard: Guard, write: (tx: Tx) => Promise<T>): Promise<T> {
    return this.db.transaction(async (tx) => {
      await guard(tx);
      return write(tx);
    });
  }
}

/** How often a delivery is tried again, and when. */
export interface Plan {
  retries: number;
  retrySeconds: number;
}
