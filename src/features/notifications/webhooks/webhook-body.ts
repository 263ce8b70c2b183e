import { writeJson } from '../../../shared/http/json.js';
import type { UserDto } from '../../users/index.js';
import type { Delivery } from '../channel.js';

type Member = 'by' | 'user' | 'reason' | 'used_percent' | 'days_left';

/** What follows the common members, in Marzban's order. Source: Marzban `app/utils/notification.py`. */
const MEMBERS: Record<Delivery['action'], readonly Member[]> = {
  user_created: ['by', 'user'],
  user_updated: ['by', 'user'],
  user_deleted: ['by'],
  user_limited: ['user'],
  user_expired: ['user'],
  user_enabled: ['by', 'user'],
  user_disabled: ['by', 'user', 'reason'],
  data_usage_reset: ['by', 'user'],
  data_reset_by_next: ['user'],
  subscription_revoked: ['by', 'user'],
  reached_usage_percent: ['user', 'used_percent'],
  reached_days_left: ['user', 'days_left'],
  login: [],
  test: [],
};

/** A notification as shops read it. `user` is the user object of the API. */
export function writeEvent(delivery: Delivery, user: UserDto | null): string {
  const { at, sendAt, tries, username, action, by, extra } = delivery;
  const rest: Record<Member, () => string> = {
    by: () => writeJson(by),
    user: () => writeJson(user),
    reason: () => 'null',
    used_percent: () => float(Number(extra?.used_percent)),
    days_left: () => writeJson(extra?.days_left),
  };
  const members = [
    ['enqueued_at', float(at.getTime() / 1000)],
    ['send_at', float(sendAt.getTime() / 1000)],
    ['tries', String(tries)],
    ['username', JSON.stringify(username)],
    ['action', JSON.stringify(action)],
    ...MEMBERS[action].map((name) => [name, rest[name]()]),
  ];
  return `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

/** With a fraction, also where that is zero: strict readers tell `1.0` from `1`. */
function float(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : JSON.stringify(value);
}
