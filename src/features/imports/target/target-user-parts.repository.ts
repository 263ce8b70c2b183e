import { Injectable } from '@nestjs/common';
import type { Tx } from '../../../shared/database/database.js';
import type { TargetPlan, TargetReminder, TargetReset } from '../domain/user-parts.js';
import { columnsOf } from './columns.js';

/** Next plans, resets and reminders. */
@Injectable()
export class TargetUserPartsRepository {
  /** Forgets those of all users up to this id: what follows brings all there is. */
  async clear(tx: Tx, lastUser: number): Promise<void> {
    for (const table of ['next_plans', 'user_usage_logs', 'user_reminders']) {
      await tx.run(`DELETE FROM ${table} WHERE user_id <= $1`, [lastUser]);
    }
  }

  async addPlans(tx: Tx, plans: readonly TargetPlan[]): Promise<void> {
    await tx.run(
      `INSERT INTO next_plans (user_id, data_limit, expire_at, add_remaining_traffic, fire_on_either)
       SELECT * FROM unnest($1::int[], $2::bigint[], $3::timestamptz[], $4::boolean[], $5::boolean[])`,
      columnsOf(
        plans,
        (p) => p.userId,
        (p) => p.dataLimit,
        (p) => p.expireAt,
        (p) => p.addRemainingTraffic,
        (p) => p.fireOnEither,
      ),
    );
  }

  /** In this order: the last one is when the traffic was last reset. */
  async addResets(tx: Tx, resets: readonly TargetReset[]): Promise<void> {
    await tx.run(
      `INSERT INTO user_usage_logs (user_id, used_traffic_at_reset, reset_at)
       SELECT user_id, used_traffic, reset_at
         FROM unnest($1::int[], $2::bigint[], $3::timestamptz[]) WITH ORDINALITY AS r (user_id, used_traffic, reset_at, n)
        ORDER BY n`,
      columnsOf(
        resets,
        (r) => r.userId,
        (r) => r.usedTraffic,
        (r) => r.resetAt.toISOString(),
      ),
    );
  }

  async addReminders(tx: Tx, reminders: readonly TargetReminder[]): Promise<void> {
    await tx.run(
      `INSERT INTO user_reminders (user_id, kind, threshold, sent_at)
       SELECT * FROM unnest($1::int[], $2::text[], $3::int[], $4::timestamptz[])
       ON CONFLICT DO NOTHING`,
      columnsOf(
        reminders,
        (r) => r.userId,
        (r) => r.kind,
        (r) => r.threshold,
        (r) => r.sentAt.toISOString(),
      ),
    );
  }
}
