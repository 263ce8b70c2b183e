import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SUDO, startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, runSql, type TestDatabase } from '../support/database.js';

const MARZBAN_KEY = 'a5c0ffee00d15ea5e0ddba11deadbeefcafef00dba5eba11feedfacec0dec0de';
/** When Marzban issued what is not said to be of another time. */
const ISSUED = 1_764_000_000;

let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  await runSql(
    database.connection,
    `INSERT INTO secrets (name, value) VALUES ('imported_subscription_key', '${MARZBAN_KEY}');
     INSERT INTO admins (username, hashed_password, is_sudo, created_at)
     VALUES ('reseller', null, false, '2025-01-01'), ('boss', null, true, '2025-01-01'),
            ('leaver', null, false, '2025-01-01')`,
  );
  app = await startApp({}, database.connection);
});

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

/** A token as Marzban signs it. */
function marzbanToken(claims: object, key = MARZBAN_KEY): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

const statuses = async (claims: object, key?: string) => {
  const client = app.client(marzbanToken(claims, key));
  const [own, all] = [await client.get('/api/admin'), await client.get('/api/admins')];
  return [own.status, all.status];
};

describe('a token that an imported Marzban issued', () => {
  it('without an end opens what its admin may do', async () => {
    expect(await statuses({ sub: 'reseller', access: 'admin', iat: ISSUED })).toEqual([200, 403]);
    expect(await statuses({ sub: 'boss', access: 'sudo', iat: ISSUED })).toEqual([200, 200]);
  });

  it('gives no more rights than the admin has', async () => {
    expect(await statuses({ sub: 'reseller', access: 'sudo', iat: ISSUED })).toEqual([200, 403]);
  });

  it.each([
    ['that is over', { sub: 'reseller', access: 'admin', iat: ISSUED, exp: ISSUED + 100 }],
    ['for a subscription', { sub: 'reseller', access: 'subscription', iat: ISSUED }],
    ['of an admin who is gone', { sub: 'gone', access: 'admin', iat: ISSUED }],
    ['of the environment admin that does not say sudo', { sub: SUDO.username, access: 'admin', iat: ISSUED }],
    ['that claims to be one of ours', { sub: 'boss', access: 'sudo', iat: ISSUED, aid: 1, ver: 2 }],
  ])('%s opens nothing', async (_, claims) => {
    expect(await statuses(claims)).toEqual([401, 401]);
  });

  it('with another key, or with none, opens nothing', async () => {
    const claims = { sub: 'boss', access: 'sudo', iat: ISSUED };
    expect(await statuses(claims, 'another key')).toEqual([401, 401]);
    const unsigned = marzbanToken(claims).replace(/\.[^.]*$/, '.');
    expect((await app.client(unsigned).get('/api/admin')).status).toBe(401);
  });

  it('of the environment admin opens all', async () => {
    expect(await statuses({ sub: SUDO.username, access: 'sudo', iat: ISSUED })).toEqual([200, 200]);
  });

  it('ends with a new password, and is not inherited by a namesake', async () => {
    const token = { sub: 'leaver', access: 'admin', iat: ISSUED };
    expect(await statuses(token)).toEqual([200, 403]);
    await app.sudo.put('/api/admin/leaver', { password: 'another one', is_sudo: false });
    expect(await statuses(token)).toEqual([401, 401]);
    await app.sudo.delete('/api/admin/leaver');
    expect(await statuses(token)).toEqual([401, 401]);
    await app.sudo.post('/api/admin', { username: 'leaver', password: 'a third one', is_sudo: false });
    expect(await statuses(token)).toEqual([401, 401]);
  });
});
