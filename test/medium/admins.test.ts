import bcrypt from 'bcrypt';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminsService } from '../../src/features/admins/index.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { startApp, SUDO, type TestApp, type TestClient } from '../support/app.js';

let app: TestApp;
let db: pg.Client;
let sudo: TestClient;

beforeAll(async () => {
  app = await startApp();
  db = new pg.Client(clientOptions(app.connection));
  await db.connect();
  sudo = app.sudo;
});
afterAll(async () => {
  await db.end();
  await app.close();
});

const WEBHOOK = 'https://discord.com/api/webhooks/1/secret';
let names = 0;

/** A new admin, logged in. */
async function newAdmin(
  settings: { is_sudo?: boolean; telegram_id?: number; discord_webhook?: string } = {},
) {
  const username = `admin-${++names}`;
  const created = await sudo.post('/api/admin', {
    username,
    password: 'pw',
    is_sudo: false,
    ...settings,
  });
  expect(created.status).toBe(200);
  const token = await app.login(username, 'pw');
  return { username, token, client: app.client(token) };
}

describe('an admin', () => {
  it('sees itself', async () => {
    const { username, client } = await newAdmin({ telegram_id: 5, discord_webhook: WEBHOOK });
    expect((await client.get('/api/admin')).json).toEqual({
      username,
      is_sudo: false,
      telegram_id: 5,
      discord_webhook: WEBHOOK,
      users_usage: 0,
    });
  });

  it('without sudo rights cannot manage admins, known or not', async () => {
    const { client, username } = await newAdmin();
    const replies = await Promise.all([
      client.post('/api/admin', {}),
      client.get('/api/admins'),
      client.put('/api/admin/root', {}),
      client.put('/api/admin/nobody', {}),
      client.delete(`/api/admin/${username}`),
      client.get(`/api/admin/usage/${username}`),
      client.post(`/api/admin/usage/reset/${username}`),
    ]);
    for (const reply of replies)
      expect([reply.status, reply.json]).toEqual([403, { detail: "You're not allowed" }]);
  });

  it('is made once, whatever the case of its name', async () => {
    const order = { username: 'Once', password: 'pw', is_sudo: false };
    const replies = await Promise.all([sudo.post('/api/admin', order), sudo.post('/api/admin', order)]);
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409]);
    const again = await sudo.post('/api/admin', { ...order, username: 'oNCE' });
    expect([again.status, again.json]).toEqual([409, { detail: 'Admin already exists' }]);
  });

  it.each([
    ['', 'no characters'],
    ['a/b', 'a slash'],
    ['x'.repeat(35), 'more than 34 characters'],
    ['a\nb', 'a control character'],
    ['\u202eadmin', 'text turned around'],
    ['admin ', 'a blank at its end'],
    ['\u3000admin', 'a blank at its beginning'],
  ])('named %j is refused', async (username) => {
    const reply = await sudo.post('/api/admin', { username, password: 'pw', is_sudo: false });
    expect([reply.status, reply.json.detail[0].loc]).toEqual([422, ['body', 'username']]);
  });

  it('may have a name of any script', async () => {
    await sudo.post('/api/admin', { username: 'مدیر', password: 'رمز 🔑', is_sudo: false });
    const client = app.client(await app.login('مدیر', 'رمز 🔑'));
    expect((await client.get('/api/admin')).json.username).toBe('مدیر');
    expect((await sudo.get(`/api/admin/usage/${encodeURIComponent('مدیر')}`)).status).toBe(200);
  });

  it('keeps what a change leaves out or sets to null, and clears on 0 and empty text', async () => {
    const { username } = await newAdmin({ telegram_id: 5, discord_webhook: WEBHOOK });
    const change = (body: object) => sudo.put(`/api/admin/${username}`, { is_sudo: false, ...body });
    const kept = { telegram_id: 5, discord_webhook: WEBHOOK };
    expect((await change({})).json).toMatchObject(kept);
    expect((await change({ telegram_id: null, discord_webhook: null, password: null })).json).toMatchObject(
      kept,
    );
    expect((await change({ telegram_id: 0, discord_webhook: '' })).json).toMatchObject({
      telegram_id: null,
      discord_webhook: null,
    });
  });

  it('is promoted at once, with the token it has', async () => {
    const { username, client } = await newAdmin();
    await client.get('/api/admin'); // remembered without sudo rights
    await sudo.put(`/api/admin/${username}`, { is_sudo: true });
    await expect.poll(async () => (await client.get('/api/admins')).status, { interval: 20 }).toBe(200);
  });

  it('with sudo rights is out of reach of other sudo admins', async () => {
    const { username } = await newAdmin({ is_sudo: true });
    const put = await sudo.put(`/api/admin/${username}`, { is_sudo: true });
    expect([put.status, put.json.detail]).toEqual([
      403,
      "You're not allowed to edit another sudoer's account. Use marzban-cli instead.",
    ]);
    const removed = await sudo.delete(`/api/admin/${username}`);
    expect([removed.status, removed.json.detail]).toEqual([
      403,
      "You're not allowed to delete sudo accounts. Use marzban-cli instead.",
    ]);
  });

  it('with sudo rights cannot give them up', async () => {
    const { username, client } = await newAdmin({ is_sudo: true });
    const reply = await client.put(`/api/admin/${username}`, { is_sudo: false });
    expect([reply.status, reply.json]).toEqual([
      400,
      { detail: 'A sudo admin cannot give up its own sudo rights' },
    ]);
  });

  it('that is unknown is 404, before the body is looked at', async () => {
    for (const reply of [
      await sudo.put('/api/admin/nobody', {}),
      await sudo.delete('/api/admin/nobody'),
      await sudo.get('/api/admin/usage/nobody'),
      await sudo.post('/api/admin/usage/reset/nobody'),
    ]) {
      expect([reply.status, reply.json]).toEqual([404, { detail: 'Admin not found' }]);
    }
    expect((await app.client().put('/api/admin/nobody', {})).status).toBe(401);
  });

  it('is removed; its users stay without an owner', async () => {
    const { username, client } = await newAdmin();
    await db.query(
      `INSERT INTO users (username, proxies, admin_id) SELECT 'orphan', '{}', id FROM admins WHERE username = $1`,
      [username],
    );
    const removed = await sudo.delete(`/api/admin/${username}`);
    expect([removed.status, removed.text]).toEqual([200, '{"detail":"Admin removed successfully"}']);
    await expect.poll(async () => (await client.get('/api/admin')).status, { interval: 20 }).toBe(401);
    const { rows } = await db.query(`SELECT admin_id FROM users WHERE username = 'orphan'`);
    expect(rows).toEqual([{ admin_id: null }]);
  });

  it('made again under its name does not revive old tokens', async () => {
    const { username, client } = await newAdmin();
    await sudo.delete(`/api/admin/${username}`);
    await sudo.post('/api/admin', { username, password: 'pw', is_sudo: true });
    const reply = await client.get('/api/admin');
    expect([reply.status, reply.json]).toEqual([401, { detail: 'Could not validate credentials' }]);
  });
});

describe('the list of admins', () => {
  beforeAll(async () => {
    for (const username of ['list-a%', 'list-ab', 'LIST-c']) {
      await sudo.post('/api/admin', { username, password: 'pw', is_sudo: false });
    }
  });

  it.each([
    ['username=list-', ['list-a%', 'list-ab', 'LIST-c']],
    ['username=list-&offset=1&limit=1', ['list-ab']],
    ['username=list-&offset=0&limit=0', ['list-a%', 'list-ab', 'LIST-c']],
    ['username=a%25', ['list-a%']],
    ['username=_', []],
  ])('%s', async (query, expected) => {
    const reply = await sudo.get(`/api/admins?${query}`);
    expect(reply.json.map((admin: { username: string }) => admin.username)).toEqual(expected);
  });

  it('without a name has all, the one of the environment too', async () => {
    const { json } = await sudo.get('/api/admins?username=');
    expect(json[0]).toMatchObject({ username: 'root', is_sudo: true });
  });
});

describe("an admin's usage", () => {
  it('is shown exactly, and kept in the history when it is reset', async () => {
    const { username } = await newAdmin();
    await db.query('UPDATE admins SET users_usage = 9007199254740993 WHERE username = $1', [username]);
    expect((await sudo.get(`/api/admin/usage/${username}`)).text).toBe('9007199254740993');
    const reset = () => sudo.post(`/api/admin/usage/reset/${username}`);
    expect((await reset()).json).toMatchObject({ username, users_usage: 0 });
    expect((await reset()).status).toBe(200);
    const { rows } = await db.query(
      'SELECT used_traffic_at_reset FROM admin_usage_logs JOIN admins a ON a.id = admin_id WHERE a.username = $1',
      [username],
    );
    expect(rows).toEqual([{ used_traffic_at_reset: 9_007_199_254_740_993n }]);
  });
});

describe('a new password', () => {
  it('voids older tokens, the same one again does not', async () => {
    const { username, token, client } = await newAdmin();
    await sudo.put(`/api/admin/${username}`, { is_sudo: false, password: 'pw' });
    expect((await client.get('/api/admin')).status).toBe(200);
    await sudo.put(`/api/admin/${username}`, { is_sudo: false, password: 'other' });
    await expect.poll(async () => (await client.get('/api/admin')).status, { interval: 20 }).toBe(401);
    await expect(app.login(username, 'pw')).rejects.toThrow('401');
    const fresh = await app.login(username, 'other');
    expect(fresh).not.toBe(token);
    expect((await app.client(fresh).get('/api/admin')).status).toBe(200);
  });

  it('cannot be empty', async () => {
    const { username } = await newAdmin();
    const reply = await sudo.put(`/api/admin/${username}`, { is_sudo: false, password: '' });
    expect([reply.status, reply.json.detail[0].loc]).toEqual([422, ['body', 'password']]);
  });

  it('for the admin of the environment comes from there', async () => {
    const reply = await sudo.put('/api/admin/root', { is_sudo: true, password: 'other' });
    expect([reply.status, reply.json]).toEqual([
      400,
      { detail: 'The password of this admin is the setting SUDO_PASSWORD' },
    ]);
  });
});

describe('a bcrypt hash of an import', () => {
  it.each(['$2b$', '$2y$', '$2a$'])(
    'of kind %s is accepted and replaced by argon2id, tokens staying valid',
    async (prefix) => {
      const { username, client } = await newAdmin();
      const hash = (await bcrypt.hash('old secret', 4)).replace('$2b$', prefix);
      await db.query('UPDATE admins SET hashed_password = $2 WHERE username = $1', [username, hash]);
      await expect(app.login(username, 'wrong')).rejects.toThrow('401');
      await app.login(username, 'old secret');
      const { rows } = await db.query('SELECT hashed_password FROM admins WHERE username = $1', [username]);
      expect(rows[0].hashed_password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      await app.login(username, 'old secret');
      expect((await client.get('/api/admin')).status).toBe(200);
    },
  );

  it('of a password that it looks at a part of stays, so that the same logins are right', async () => {
    const { username } = await newAdmin();
    const looked = 'پ'.repeat(36); // 72 bytes
    const hash = await bcrypt.hash(`${looked} and more`, 4);
    await db.query('UPDATE admins SET hashed_password = $2 WHERE username = $1', [username, hash]);
    await app.login(username, `${looked} and more`);
    await app.login(username, `${looked} and other words`);
    await expect(app.login(username, looked.slice(1))).rejects.toThrow('401');
  });
});

describe('the admin of the environment', () => {
  /** Another start of the service on the same database, with other settings. */
  async function restarted(
    account: typeof SUDO | undefined,
    work: (again: TestApp) => Promise<void>,
  ): Promise<void> {
    const again = await startApp({ auth: { tokenMinutes: 1440, sudo: account } }, app.connection);
    try {
      await work(again);
    } finally {
      await again.close();
      await app.app.get(AdminsService, { strict: false }).ensureEnvironmentAdmin();
      sudo = app.client(await app.login(SUDO.username, SUDO.password));
    }
  }
  const status = async (client: TestClient) => (await client.get('/api/admin')).status;

  it('keeps its tokens over a start', async () => {
    const token = await app.login(SUDO.username, SUDO.password);
    await restarted(SUDO, async (again) => expect(await status(again.client(token))).toBe(200));
  });

  it('loses them when the password is changed', async () => {
    const token = await app.login(SUDO.username, SUDO.password);
    await restarted({ ...SUDO, password: 'changed' }, async (again) => {
      expect(await status(again.client(token))).toBe(401);
      await expect(again.login(SUDO.username, SUDO.password)).rejects.toThrow('401');
    });
  });

  it('cannot log in once the settings no longer name it; with nobody left, one is made', async () => {
    const token = await app.login(SUDO.username, SUDO.password);
    await db.query(`DELETE FROM admins WHERE is_sudo AND NOT from_environment`);
    await restarted(undefined, async (again) => {
      expect(await status(again.client(token))).toBe(401);
      await expect(again.login(SUDO.username, SUDO.password)).rejects.toThrow('401');
      expect((await again.sudo.get('/api/admin')).json).toMatchObject({ username: 'admin', is_sudo: true });
      const admins = again.app.get(AdminsService, { strict: false });
      expect(await admins.ensureFirstAdmin('another one')).toBeUndefined();
      expect((await again.sudo.get('/api/admin')).status).toBe(200);
    });
  });

  it('that is made at the first start is shown also when the start had to begin anew', async () => {
    await db.query(`DELETE FROM admins WHERE is_sudo AND NOT from_environment`);
    await restarted(undefined, async (again) => {
      await db.query(`DELETE FROM admins WHERE username = 'admin'`);
      const admins = again.app.get(AdminsService, { strict: false });
      const first = { username: 'admin', password: 'shown once' };
      expect(await admins.ensureFirstAdmin(first.password)).toEqual(first);
      expect(await admins.ensureFirstAdmin(first.password)).toEqual(first); // nobody heard the answer
      expect(await again.login(first.username, first.password)).toMatch(/^ey/);
    });
  });

  it('takes over an admin of its name', async () => {
    const { username, token } = await newAdmin();
    await restarted({ username, password: 'from outside' }, async (again) => {
      expect(await status(again.client(token))).toBe(401);
      expect((await again.sudo.get('/api/admins?username=')).status).toBe(200);
    });
  });

  it('of two that start together is made once', async () => {
    const admins = app.app.get(AdminsService, { strict: false });
    await db.query('DELETE FROM admins WHERE username = $1', [SUDO.username]);
    await Promise.all([admins.ensureEnvironmentAdmin(), admins.ensureEnvironmentAdmin()]);
    const { rows } = await db.query('SELECT credential_version FROM admins WHERE username = $1', [
      SUDO.username,
    ]);
    expect(rows).toEqual([{ credential_version: 1 }]);
  });
});
