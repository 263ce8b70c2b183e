import { Injectable } from '@nestjs/common';
import type { Tx } from '../../../shared/database/database.js';
import type { Statement } from '../../../shared/database/statement.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { Reminder, ReminderKind, ReminderSettings } from '../domain/reminders.js';

const ADD: Statement = {
  name: 'user_reminders_add',
  text: `INSERT INTO user_reminders (user_id, kind, threshold, sent_at)
         SELECT id, kind, threshold, $1 FROM unnest($2::int[], $3::text[], $4::int[]) AS r (id, kind, threshold)
         ON CONFLICT DO NOTHING
         RETURNING user_id AS "userId", kind, threshold`,
};

const FORGET: Statement = {
  name: 'user_reminders_forget',
  text: `DELETE FROM user_reminders WHERE (user_id, kind, threshold) IN (
           SELECT r.user_id, r.kind, r.threshold
             FROM user_reminders r JOIN users u ON u.id = r.user_id JOIN user_usage g ON g.user_id = r.user_id
            WHERE CASE r.kind
                    WHEN 'expiration_date' THEN u.expire_at IS NULL OR u.expire_at < $1
                    ELSE u.data_limit IS NULL OR g.used_traffic::float8 * 100 / u.data_limit < r.threshold
                  END
            LIMIT $2)`,
};

/** A reminder of a user, as it is kept. */
export interface KeptReminder {
  userId: number;
  kind: ReminderKind;
  threshold: number;
}

/** Of what operators were reminded, and of what they are to be. */
@Injectable()
export class RemindersRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Users that have reached something of which nobody was reminded yet, at most so many of them, without these. */
  async findDue(
    settings: ReminderSettings,
    at: Date,
    most: number,
    without: readonly number[],
  ): Promise<number[]> {
    const branches = [...usageBranch(settings.usagePercents), ...daysBranch(settings.daysLeft)];
    if (branches.length === 0) return [];
    const rows = await this.db.rows<{ id: number }>(
      `SELECT id FROM (${branches.join(' UNION ')}) due (id)
        WHERE id <> ALL ($1::int[]) AND $2::timestamptz IS NOT NULL LIMIT ${most}`,
      [without, at],
    );
    return rows.map(({ id }) => id);
  }

  /** Remembers reminders, and returns those that nobody has sent before. */
  async add(
    tx: Tx,
    reminders: readonly (Reminder & { userId: number })[],
    at: Date,
  ): Promise<KeptReminder[]> {
    if (reminders.length === 0) return [];
    return tx.rows<KeptReminder>(ADD, [
      at,
      reminders.map(({ userId }) => userId),
      reminders.map(({ kind }) => kind),
      reminders.map(({ threshold }) => threshold),
    ]);
  }

  /** Forgets reminders of what is no longer so, at most so many of them. Returns how many there were. */
  async forgetStale(tx: Tx, at: Date, most: number): Promise<number> {
    return tx.run(FORGET, [at, most]);
  }
}

// The same arithmetic as in the domain, on the same 64-bit floats. Thresholds are the settings' whole numbers, and few: as
// literals they leave the search for users without a reminder a plain join.

const USED = '(g.used_traffic::float8 * 100 / u.data_limit)';

function usageBranch(percents: readonly number[]): string[] {
  if (percents.length === 0) return [];
  const reached = percents.toReversed().map((percent) => `WHEN ${USED} >= ${percent} THEN ${percent}`);
  return [
    `SELECT u.id FROM users u JOIN user_usage g ON g.user_id = u.id
      WHERE u.status = 'active' AND u.data_limit IS NOT NULL
        AND ${USED} >= ${percents[0]} AND g.used_traffic < u.data_limit
        AND NOT EXISTS (SELECT FROM user_reminders r
                         WHERE r.user_id = u.id AND r.kind = 'data_usage' AND r.threshold = CASE ${reached.join(' ')} END)`,
  ];
}

function daysBranch(daysLeft: readonly number[]): string[] {
  if (daysLeft.length === 0) return [];
  const before = (days: number) => `u.expire_at < $2::timestamptz + interval '${(days + 1) * 24} hours'`;
  const reached = daysLeft.map((days) => `WHEN ${before(days)} THEN ${days}`);
  return [
    `SELECT u.id FROM users u
      WHERE u.status = 'active' AND u.expire_at > $2 AND ${before(daysLeft.at(-1)!)}
        AND NOT EXISTS (SELECT FROM user_reminders r
                         WHERE r.user_id = u.id AND r.kind = 'expiration_date' AND r.threshold = CASE ${reached.join(' ')} END)`,
  ];
}
