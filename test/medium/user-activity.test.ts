import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserReviews } from '../../src/features/users/index.js';
import { readSnapshot, type UserSnapshot } from '../../src/features/users/user-snapshot.js';
import { TELLS_NOBODY } from '../support/tells-nobody.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

/** Nobody listens there: what is to be sent stays. */
const webhooks = { addresses: ['http://127.0.0.1:9/shop'], secret: undefined, allowPrivate: false };

beforeAll(async () => {
  fleet = await startFleet({ notifications: { ...TELLS_NOBODY, webhooks, retrySeconds: 3600 } });
});
afterAll(() => fleet?.close());
beforeEach(async () => {
  await fleet.sql('DELETE FROM users');
  await forget();
});

const forget = () => fleet.sql('TRUNCATE activity, notification, notification_delivery');
const create = (username: string, more: object = {}, client = fleet.sudo) =>
  client.post('/api/user', { username, proxies: { vless: {} }, ...more });
const use = (name: string, bytes: number) =>
  fleet.sql(
    'UPDATE user_usage SET used_traffic = used_traffic + $2 WHERE user_id = (SELECT id FROM users WHERE username = $1)',
    [name, bytes],
  );
const review = () => fleet.app.get(UserReviews, { strict: false }).reviewStatuses(new Date());
const past = Math.floor(Date.now() / 1000) - 60;

interface Noted {
  action: string;
  actor: string;
  subject: string;
  before: object | null;
  after: object | null;
}

const noted = () =>
  fleet.sql<Noted>(`SELECT action, actor_kind || ' ' || actor_name AS actor, subject_name AS subject, before, after
                      FROM activity WHERE subject_kind = 'user' ORDER BY id`);
const actions = async () =>
  (await noted()).map(({ action, actor, subject }) => `${actor}: ${action} ${subject}`);

interface Told {
  action: string;
  username: string;
  by: { username: string } | null;
  user: UserSnapshot;
  extra: object | null;
}

const told = () =>
  fleet.sql<Told>(`SELECT n.action, n.username, n.by, n."user", n.extra
                     FROM notification_delivery d JOIN notification n ON n.id = d.notification_id ORDER BY d.id`);
const news = async () =>
  (await told()).map(({ action, username, by }) => `${action} ${username} by ${by?.username ?? 'nobody'}`);

describe('of what an admin does to a user', () => {
  it('each change is noted and told, in order', async () => {
    await create('alice', { data_limit: 100, note: 'new', next_plan: { data_limit: 5 } }, fleet.reseller);
    await fleet.sudo.put('/api/user/alice', { note: 'known', status: 'disabled' });
    await fleet.sudo.put('/api/user/alice', { status: 'active' });
    await use('alice', 30);
    await fleet.sudo.post('/api/user/alice/reset');
    await fleet.sudo.post('/api/user/alice/revoke_sub');
    await fleet.sudo.post('/api/user/alice/active-next');
    await fleet.sudo.put('/api/user/alice/set-owner?admin_username=root');
    await fleet.sudo.delete('/api/user/alice');

    expect(
      (await noted()).map(({ action, actor, before, after }) => ({ action, actor, before, after })),
    ).toEqual([
      {
        action: 'user_created',
        actor: 'admin reseller',
        before: null,
        after: expect.objectContaining({
          status: 'active',
          dataLimit: '100',
          note: 'new',
          owner: 'reseller',
        }),
      },
      {
        action: 'user_updated',
        actor: 'admin root',
        before: { status: 'active', note: 'new' },
        after: { status: 'disabled', note: 'known' },
      },
      {
        action: 'user_updated',
        actor: 'admin root',
        before: { status: 'disabled' },
        after: { status: 'active' },
      },
      {
        action: 'data_usage_reset',
        actor: 'admin root',
        before: { usedTraffic: '30' },
        after: { usedTraffic: '0' },
      },
      {
        action: 'subscription_revoked',
        actor: 'admin root',
        before: { subRevokedAt: null },
        after: { subRevokedAt: expect.any(String), credentials: 'changed' },
      },
      {
        action: 'data_reset_by_next',
        actor: 'admin root',
        before: { dataLimit: '100', nextPlan: expect.objectContaining({ dataLimit: '5' }) },
        after: { dataLimit: '5', nextPlan: null },
      },
      {
        action: 'user_owner_changed',
        actor: 'admin root',
        before: { owner: 'reseller' },
        after: { owner: 'root' },
      },
      {
        action: 'user_deleted',
        actor: 'admin root',
        before: expect.objectContaining({ note: 'known', owner: 'root' }),
        after: null,
      },
    ]);
    expect(await news()).toEqual([
      'user_created alice by reseller',
      'user_updated alice by root',
      'user_disabled alice by root',
      'user_updated alice by root',
      'user_enabled alice by root',
      'data_usage_reset alice by root',
      'subscription_revoked alice by root',
      'data_reset_by_next alice by root',
      'user_deleted alice by root',
    ]);
    expect((await told())[2]!.extra).toEqual({ reason: null });
  });

  it('a notice holds the user as it was then', async () => {
    const reply = await create('alice', { note: 'first' });
    await fleet.sudo.put('/api/user/alice', { note: 'second' });
    const [first, second] = (await told()).map(({ user }) => readSnapshot(user));
    expect([first!.note, second!.note]).toEqual(['first', 'second']);
    expect(first!.proxies).toEqual(reply.json.proxies);
    expect(first!.owner!.username).toBe('root');
    expect(first!.id).toBe((await fleet.sql('SELECT id FROM users'))[0]!.id);
  });

  it('nothing noted holds a credential', async () => {
    const reply = await create('alice', { proxies: { vless: {}, shadowsocks: {} } });
    await fleet.sudo.put('/api/user/alice', { proxies: { vless: {} } });
    await fleet.sudo.post('/api/user/alice/revoke_sub');
    const kept = JSON.stringify(await noted());
    expect(kept).not.toContain(reply.json.proxies.vless.id);
    expect(kept).not.toContain(reply.json.proxies.shadowsocks.password);
    expect((await noted())[1]!.after).toEqual({ protocols: ['vless'], credentials: 'changed' });
  });

  it('a change that is refused or fails leaves nothing', async () => {
    await create('alice');
    await forget();
    expect((await create('alice')).status).toBe(409);
    expect((await fleet.sudo.put('/api/user/alice', { status: 'limited' })).status).toBe(422);
    expect((await fleet.sudo.post('/api/user/alice/active-next')).status).toBe(404);
    await fleet.sql(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
      CREATE CONSTRAINT TRIGGER refused AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse()`);
    expect((await fleet.sudo.put('/api/user/alice', { note: 'x' })).status).toBe(500);
    await fleet.sql('DROP TRIGGER refused ON users');
    expect([await noted(), await told()]).toEqual([[], []]);

    // Nor is there a change that could not be noted.
    await fleet.sql(
      'CREATE TRIGGER refused BEFORE INSERT ON activity FOR EACH ROW EXECUTE FUNCTION refuse()',
    );
    expect((await fleet.sudo.put('/api/user/alice', { note: 'x' })).status).toBe(500);
    expect((await create('bob')).status).toBe(500);
    expect((await fleet.sudo.delete('/api/user/alice')).status).toBe(500);
    await fleet.sql('DROP TRIGGER refused ON activity; DROP FUNCTION refuse');
    expect(await fleet.sql('SELECT username, note FROM users')).toEqual([{ username: 'alice', note: null }]);
  });

  it('changes at once are told in the order in which they came about', async () => {
    await create('alice');
    await forget();
    const notes = Array.from({ length: 12 }, (_, n) => `note ${n}`);
    await Promise.all(notes.map((note) => fleet.sudo.put('/api/user/alice', { note })));
    const rows = (await noted()) as { before: { note: string | null }; after: { note: string } }[];
    expect(rows.map(({ after }) => after.note).toSorted()).toEqual(notes.toSorted());
    expect(rows.slice(1).map(({ before }) => before.note)).toEqual(
      rows.slice(0, -1).map(({ after }) => after.note),
    );
    expect((await told()).map(({ user }) => user.note)).toEqual(rows.map(({ after }) => after.note));
  });
});

describe('of what time and traffic do', () => {
  it('each user is noted and told of, by nobody', async () => {
    await create('full', { data_limit: 10 });
    await create('late', { expire: past });
    await create('held', { status: 'on_hold', on_hold_expire_duration: 60, on_hold_timeout: past });
    await create('next', { data_limit: 10, next_plan: { data_limit: 99 } });
    await use('full', 10);
    await use('next', 12);
    await forget();
    expect(await review()).toBe(4);
    expect((await actions()).toSorted()).toEqual([
      'system system: data_reset_by_next next',
      'system system: user_enabled held',
      'system system: user_expired late',
      'system system: user_limited full',
    ]);
    expect(await news()).toEqual([
      'user_limited full by nobody',
      'user_expired late by nobody',
      'user_enabled held by nobody',
      'data_reset_by_next next by nobody',
    ]);
    expect((await noted()).find(({ subject }) => subject === 'next')).toMatchObject({
      before: { usedTraffic: '12', dataLimit: '10', nextPlan: { dataLimit: '99' } },
      after: { usedTraffic: '0', dataLimit: '99', nextPlan: null },
    });
    // What is told is what the database holds.
    for (const { username, user } of await told()) {
      const shown = (await fleet.sudo.get(`/api/user/${username}`)).json;
      const { status, dataLimit, usedTraffic, expireAt } = readSnapshot(user);
      expect({ status, limit: Number(dataLimit), used: Number(usedTraffic) }).toEqual({
        status: shown.status,
        limit: shown.data_limit ?? 0,
        used: shown.used_traffic,
      });
      expect(expireAt && expireAt.getTime() / 1000).toBe(shown.expire);
      const [row] = await fleet.sql<{ at: Date }>(
        'SELECT status_changed_at AS at FROM users WHERE username = $1',
        [username],
      );
      expect(user.statusChangedAt).toBe(row!.at.toISOString());
    }
  });
});

describe('of what is done to many', () => {
  it('each user is noted', async () => {
    await create('mine', { data_limit: 10 }, fleet.reseller);
    await create('held', { status: 'on_hold', on_hold_expire_duration: 60 }, fleet.reseller);
    await create('other', { data_limit: 10 });
    await use('other', 10);
    await review();
    await forget();
    await fleet.sudo.post('/api/admin/reseller/users/disable');
    await fleet.sudo.post('/api/admin/reseller/users/activate');
    await fleet.sudo.post('/api/users/reset');
    const rows = await noted();
    expect(rows.map(({ actor, action, subject }) => `${actor}: ${action} ${subject}`)).toEqual([
      'admin root: user_disabled mine',
      'admin root: user_disabled held',
      'admin root: user_enabled mine',
      'admin root: user_enabled held',
      'admin root: data_usage_reset mine',
      'admin root: data_usage_reset held',
      'admin root: data_usage_reset other',
    ]);
    expect(rows.slice(2).map(({ before, after }) => [before, after])).toEqual([
      [{ status: 'disabled' }, { status: 'active' }],
      [{ status: 'disabled' }, { status: 'on_hold' }],
      [{}, {}],
      [{}, {}],
      [
        { status: 'limited', usedTraffic: '10' },
        { status: 'active', usedTraffic: '0' },
      ],
    ]);
    expect(await news()).toEqual([]);
  });

  it('each expired user that is deleted is told of', async () => {
    await create('old', { expire: past, note: 'gone' }, fleet.reseller);
    await create('older', { expire: past - 60 });
    await forget();
    await fleet.sudo.delete(`/api/users/expired?expired_before=${new Date().toISOString()}`);
    expect(await actions()).toEqual(['admin root: user_deleted old', 'admin root: user_deleted older']);
    expect((await noted())[0]!.before).toMatchObject({ note: 'gone', owner: 'reseller' });
    expect(await news()).toEqual(['user_deleted old by root', 'user_deleted older by root']);
    expect((await told())[0]!.user.owner!.username).toBe('reseller');
  });
});
