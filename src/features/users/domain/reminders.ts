import { isOverdue, isOverLimit } from './status.js';
import type { User } from './user.js';

/** Of what operators want to be reminded; an empty list is of nothing. In ascending order. */
export interface ReminderSettings {
  usagePercents: readonly number[];
  daysLeft: readonly number[];
}

export type ReminderKind = 'data_usage' | 'expiration_date';

/** A threshold that a user has reached, and how far it is: percents unrounded, or whole days. */
export interface Reminder {
  kind: ReminderKind;
  threshold: number;
  value: number;
}

/** What decides of what a user reminds. */
export type RemindingUser = Pick<User, 'status' | 'usedTraffic' | 'dataLimit' | 'expireAt'>;

const DAY_MS = 86_400_000;

/**
 * The reminders that are due unless they were sent before: for the traffic the highest threshold that is reached, for the
 * time the lowest. Those that were skipped are not sent later.
 * Source: Marzban `app/jobs/review_users.py`.
 */
export function remindersOf(user: RemindingUser, settings: ReminderSettings, now: Date): Reminder[] {
  if (user.status !== 'active' || isOverLimit(user) || isOverdue(user, now)) return [];
  return [...usageReminder(user, settings.usagePercents), ...daysReminder(user, settings.daysLeft, now)];
}

function usageReminder({ usedTraffic, dataLimit }: RemindingUser, percents: readonly number[]): Reminder[] {
  if (dataLimit === null) return [];
  const value = (Number(usedTraffic) * 100) / Number(dataLimit);
  const threshold = percents.findLast((percent) => value >= percent);
  return threshold === undefined ? [] : [{ kind: 'data_usage', threshold, value }];
}

function daysReminder({ expireAt }: RemindingUser, daysLeft: readonly number[], now: Date): Reminder[] {
  if (expireAt === null) return [];
  const value = Math.floor((expireAt.getTime() - now.getTime()) / DAY_MS);
  const threshold = daysLeft.find((days) => value <= days);
  return threshold === undefined ? [] : [{ kind: 'expiration_date', threshold, value }];
}
