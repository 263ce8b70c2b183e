import type { Delivery } from '../../src/features/notifications/channel.js';
import { testUser } from './test-user.js';

/** A user of whom there is much to tell. */
export const TOLD_USER = testUser({
  username: 'a_<b>&c',
  dataLimit: 5n * 1024n ** 3n,
  expireAt: new Date('2026-11-23T15:08:35.900Z'),
  proxies: { vless: { id: 'secret id', flow: '' }, trojan: { password: 'secret password', flow: '' } },
  resetStrategy: 'month',
  nextPlan: { dataLimit: null, expireAt: null, addRemainingTraffic: false, fireOnEither: true },
  owner: {
    id: 7,
    username: 'sh&p_<1>',
    isSudo: false,
    telegramId: 77n,
    discordWebhook: null,
    usersUsage: 0n,
  },
});

export const TOLD_BY: NonNullable<Delivery['by']> = {
  username: 'r<oot>_',
  is_sudo: true,
  telegram_id: null,
  discord_webhook: null,
  users_usage: null,
};

/** A notice on its way; by default that somebody made {@link TOLD_USER}. */
export function testDelivery(facts: Partial<Delivery> = {}): Delivery {
  const user = facts.user === undefined ? TOLD_USER : facts.user;
  return {
    id: 1n,
    notificationId: '00000000-0000-4000-8000-000000000001',
    tries: 0,
    sendAt: new Date('2026-11-01T00:00:00Z'),
    at: new Date('2026-11-01T00:00:00Z'),
    action: 'user_created',
    user,
    username: user?.username ?? null,
    by: TOLD_BY,
    extra: null,
    ...facts,
  };
}

/** What docs/reports.md shows as it is sent. */
export const DOCUMENTED: Partial<Delivery> = {
  user: {
    ...TOLD_USER,
    username: 'alice',
    proxies: { vless: { id: 'secret id', flow: '' } },
    nextPlan: null,
    owner: { ...TOLD_USER.owner!, username: 'shop' },
  },
  by: { ...TOLD_BY, username: 'root' },
};
