import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AdminsService } from '../../src/features/admins/index.js';
import { type ApiDocument, operationsOf } from '../support/api-document.js';
import { type Reply, SUDO } from '../support/app.js';
import { startFleet } from '../support/user-fleet.js';

/** A change by `root`: what is sent, and what is noted of whom. */
interface Change {
  /** In the place of the names in its path. */
  path?: Record<string, string | number>;
  query?: string;
  body?: unknown;
  noted: string;
}

// Asked for before the tests are listed, so that each route is one.
const fleet = await startFleet();
const served = (await fleet.client().get('/openapi.json')).json as ApiDocument;
const changing = [...operationsOf(served).keys()].filter((route) => !route.startsWith('GET '));

/** What changes nothing that is noted, or is noted elsewhere. */
const NOT_NOTED: Record<string, string> = {
  'POST /api/admin/token': 'a login is no change; logins have tests of their own',
  'POST /api/jobs/{name}/run': 'what the job does is noted',
  'POST /api/notifications/{id}/replay': 'what is told again was noted when it happened',
  'POST /api/notifications/replay': 'what is told again was noted when it happened',
  'POST /api/notifications/test': 'nothing happened',
};

const node = { name: 'far', address: '192.0.2.9', port: 62_050, api_port: 62_051, add_as_new_host: false };
const template = { name: 'month', inbounds: {} };
const made: Record<string, number> = {};

beforeEach(async () => {
  await fleet.sql('DELETE FROM users; DELETE FROM user_templates; DELETE FROM hosts');
  await fleet.sql("DELETE FROM admins WHERE username = 'second'");
  if (made.node) await fleet.sudo.delete(`/api/node/${made.node}`); // nobody is to try to reach them all
  await fleet.sudo.post('/api/user', {
    username: 'alice',
    proxies: { vless: {} },
    expire: 1_600_000_000,
    next_plan: { data_limit: 5 },
  });
  await fleet.sql("UPDATE users SET admin_id = (SELECT id FROM admins WHERE username = 'reseller')");
  await fleet.sudo.post('/api/admin', { username: 'second', password: 'a second password', is_sudo: false });
  made.template = (await fleet.sudo.post('/api/user_template', template)).json.id;
  made.node = (await fleet.sudo.post('/api/node', node)).json.id;
  await fleet.sql('TRUNCATE activity');
});
afterAll(() => fleet.close());

const alice = { username: 'alice' };
const second = { username: 'second' };
const reseller = { username: 'reseller' };

const CHANGES: Record<string, () => Change | Promise<Change>> = {
  'POST /api/admin': () => ({
    body: { username: 'third', password: 'a third password', is_sudo: false },
    noted: 'admin_created admin third',
  }),
  'PUT /api/admin/{username}': () => ({
    path: second,
    body: { is_sudo: false, password: 'another password', telegram_id: 7 },
    noted: 'admin_updated admin second',
  }),
  'DELETE /api/admin/{username}': () => ({ path: second, noted: 'admin_deleted admin second' }),
  'POST /api/admin/usage/reset/{username}': () => ({ path: second, noted: 'admin_usage_reset admin second' }),
  'POST /api/admin/{username}/users/disable': () => ({ path: reseller, noted: 'user_disabled user alice' }),
  'POST /api/admin/{username}/users/activate': async () => {
    await fleet.sudo.post('/api/admin/reseller/users/disable');
    await fleet.sql('TRUNCATE activity');
    return { path: reseller, noted: 'user_enabled user alice' };
  },
  'POST /api/user': () => ({
    body: { username: 'bob', proxies: { vless: {} } },
    noted: 'user_created user bob',
  }),
  'PUT /api/user/{username}': () => ({ path: alice, body: { note: 'x' }, noted: 'user_updated user alice' }),
  'DELETE /api/user/{username}': () => ({ path: alice, noted: 'user_deleted user alice' }),
  'POST /api/user/{username}/reset': () => ({ path: alice, noted: 'data_usage_reset user alice' }),
  'POST /api/user/{username}/revoke_sub': () => ({ path: alice, noted: 'subscription_revoked user alice' }),
  'POST /api/user/{username}/active-next': () => ({ path: alice, noted: 'data_reset_by_next user alice' }),
  'PUT /api/user/{username}/set-owner': () => ({
    path: alice,
    query: '?admin_username=second',
    noted: 'user_owner_changed user alice',
  }),
  'POST /api/users/reset': () => ({ noted: 'data_usage_reset user alice' }),
  'DELETE /api/users/expired': async () => {
    await fleet.sql('DELETE FROM next_plans');
    return { query: '?expired_after=2000-01-01', noted: 'user_deleted user alice' };
  },
  'POST /api/user_template': () => ({
    body: { ...template, name: 'year' },
    noted: 'user_template_created user_template year',
  }),
  'PUT /api/user_template/{template_id}': () => ({
    path: { template_id: made.template! },
    body: { username_prefix: 'x' },
    noted: 'user_template_updated user_template month',
  }),
  'DELETE /api/user_template/{template_id}': () => ({
    path: { template_id: made.template! },
    noted: 'user_template_deleted user_template month',
  }),
  'PUT /api/hosts': () => ({
    body: { VMESS: [{ remark: 'r', address: 'a.example' }] },
    noted: 'hosts_updated host -',
  }),
  'POST /api/node': () => ({ body: { ...node, name: 'near' }, noted: 'node_created node near' }),
  'PUT /api/node/{node_id}': () => ({
    path: { node_id: made.node! },
    body: { status: 'disabled' },
    noted: 'node_updated node far',
  }),
  'DELETE /api/node/{node_id}': () => ({ path: { node_id: made.node! }, noted: 'node_deleted node far' }),
  'POST /api/node/{node_id}/reconnect': () => ({
    path: { node_id: made.node! },
    noted: 'node_reconnected node far',
  }),
  'PUT /api/core/config': async () => ({
    body: { ...(await fleet.sudo.get('/api/core/config')).json, log: { loglevel: 'error' } },
    noted: 'core_config_updated core_config -',
  }),
  'POST /api/core/restart': () => ({ noted: 'core_restarted core_config -' }),
};

interface Noted {
  did: string;
  who: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

const noted = () =>
  fleet.sql<Noted>(
    `SELECT concat_ws(' ', action, subject_kind, coalesce(subject_name, '-')) AS did,
            concat_ws(' ', actor_kind, actor_name) AS who, before, after
       FROM activity ORDER BY id`,
  );

async function send(route: string, { path = {}, query = '', body }: Change): Promise<Reply> {
  const [method, address] = route.split(' ') as [string, string];
  const filled = address.replace(/\{(\w+)\}/g, (_, name: string) => String(path[name]));
  return fleet.sudo[method.toLowerCase() as 'post'](filled + query, body);
}

describe('each change by the API is noted once, with who did it to what', () => {
  it.each(changing.filter((route) => !(route in NOT_NOTED)))('%s', async (route) => {
    expect(CHANGES, 'a new way of changing things is to be noted, or named in NOT_NOTED').toHaveProperty([
      route,
    ]);
    const change = await CHANGES[route]!();
    const reply = await send(route, change);
    expect([reply.status, reply.text]).toEqual([200, expect.anything()]);
    expect((await noted()).map(({ did, who }) => [did, who])).toEqual([[change.noted, 'admin root']]);
  });
});

describe('what is noted', () => {
  it('names those who changed an admin, and no password or webhook', async () => {
    const webhook = 'https://discord.com/api/webhooks/1/secret';
    await fleet.sudo.put('/api/admin/second', {
      is_sudo: false,
      password: 'another password',
      discord_webhook: webhook,
    });
    await fleet.sudo.delete('/api/admin/second');
    expect((await noted()).map(({ before, after }) => [before, after])).toEqual([
      [
        { hasDiscordWebhook: false },
        { hasDiscordWebhook: true, discordWebhook: 'changed', password: 'changed' },
      ],
      [{ isSudo: false, telegramId: null, hasDiscordWebhook: true }, null],
    ]);
  });

  it('names the users of an admin that is removed: they have no owner any more', async () => {
    await fleet.sudo.put('/api/user/alice/set-owner?admin_username=second');
    await fleet.sql('TRUNCATE activity');
    await fleet.sudo.delete('/api/admin/second');
    expect(await noted()).toMatchObject([
      { did: 'user_owner_changed user alice', before: { owner: 'second' }, after: { owner: null } },
      { did: 'admin_deleted admin second' },
    ]);
  });

  it('names the fields of hosts, nodes and templates that changed', async () => {
    await fleet.sudo.put('/api/hosts', { VMESS: [{ remark: 'r', address: 'a.example' }] });
    await fleet.sudo.put(`/api/node/${made.node}`, { usage_coefficient: 2 });
    await fleet.sudo.put(`/api/user_template/${made.template}`, { data_limit: 5 });
    expect((await noted()).map(({ before, after }) => [before, after])).toEqual([
      [{ VMESS: [] }, { VMESS: [expect.objectContaining({ remark: 'r', address: 'a.example' })] }],
      [{ usageCoefficient: 1 }, { usageCoefficient: 2 }],
      [{ dataLimit: '0' }, { dataLimit: '5' }],
    ]);
  });

  it('names versions of the core config, not its text', async () => {
    const config = (await fleet.sudo.get('/api/core/config')).json;
    await fleet.sudo.put('/api/core/config', { ...config, log: { loglevel: 'info' } });
    const [{ before, after }] = (await noted()) as [Noted];
    expect(Number(after!.version)).toBeGreaterThan(Number(before!.version));
    expect(Object.keys({ ...before, ...after })).toEqual(['version']);
  });

  it('is nothing of what was refused', async () => {
    const token = await fleet.login('second', 'a second password');
    await fleet.sql('TRUNCATE activity');
    await fleet.client(token).put('/api/user/alice', { note: 'x' });
    await fleet.sudo.post('/api/admin', { username: 'SECOND', password: 'a password', is_sudo: false });
    await fleet.sudo.post('/api/user_template', template);
    await fleet.sudo.post('/api/node', node);
    await fleet.sudo.put('/api/hosts', { NONE: [] });
    await fleet.sudo.put('/api/core/config', { inbounds: [] });
    await fleet.sudo.delete('/api/admin/root');
    expect(await noted()).toEqual([]);
  });

  it('says of what the environment makes of an admin that the service did it', async () => {
    // The last test, for it ends the login of `root`.
    const admins = fleet.app.get(AdminsService, { strict: false });
    await fleet.sql('UPDATE admins SET is_sudo = false WHERE username = $1', [SUDO.username]);
    await admins.ensureEnvironmentAdmin();
    await admins.ensureEnvironmentAdmin();
    expect(await noted()).toEqual([
      {
        did: `admin_updated admin ${SUDO.username}`,
        who: 'system system',
        before: { isSudo: false },
        after: { isSudo: true, password: 'changed' },
      },
    ]);
  });
});
