import { Activities } from '../../src/shared/activity/activities.js';
import { NOTICES_CHANNEL, type Notice, type NoticeAction } from '../../src/shared/activity/activity.js';
import { targetsOf, type ToldOwner } from '../../src/shared/activity/targets.js';
import { DatabaseClock } from '../../src/shared/database/database-clock.js';
import { DatabaseEvents } from '../../src/shared/database/database-events.js';
import { Database } from '../../src/shared/database/database.js';
import { toAdminDto } from '../../src/features/admins/admins.mapper.js';
import type { Admin } from '../../src/features/admins/admin.js';
import { snapshotOf } from '../../src/features/users/user-snapshot.js';
import type { User } from '../../src/features/users/domain/user.js';
import { type TestApp } from './app.js';
import { TELLS_NOBODY } from './tells-nobody.js';
import { testUser } from './test-user.js';

export const ROOT: Admin = {
  id: 1,
  username: 'root',
  isSudo: true,
  telegramId: null,
  discordWebhook: null,
  usersUsage: 0n,
};

/** Settings by which these addresses are told of everything. */
export function tellsShops(addresses: string[], settings: Partial<typeof TELLS_NOBODY> = {}) {
  const webhooks = { ...TELLS_NOBODY.webhooks, addresses };
  return { notifications: { ...TELLS_NOBODY, webhooks, ...settings } };
}

interface Told {
  action: NoticeAction;
  user?: Partial<User>;
  by?: Admin | null;
  extra?: object;
}

/** What happened to users, all at once, as whoever changes them notes it. */
export async function note({ app, config }: TestApp, told: readonly Told[], at?: Date): Promise<void> {
  const notices = told.map(({ action, by = ROOT, extra, ...facts }): Notice => {
    const user = testUser(facts.user);
    return {
      action,
      user: { id: user.id, username: user.username },
      by: by && toAdminDto(by, by),
      snapshot: action === 'user_deleted' ? null : snapshotOf(user),
      extra,
      targets: targetsOf(config.notifications, action, user.owner as ToldOwner | null),
    };
  });
  const happened = at ?? app.get(DatabaseClock).now();
  await app.get(Database).transaction((tx) => app.get(Activities).note(tx, happened, [], notices));
  app.get(DatabaseEvents).hint(NOTICES_CHANNEL);
}
