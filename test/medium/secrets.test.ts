import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let client: pg.Client;
let dataDir: string;
const apps: TestApp[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'margrave-secrets-'));
  database = await createTestDatabase();
  client = new pg.Client(clientOptions(database.connection));
  await client.connect();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await client?.end();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(settings: Partial<Config>): Promise<TestApp> {
  const app = await startApp({ dataDir, ...settings }, database.connection);
  apps.push(app);
  return app;
}

const stored = async () =>
  (await client.query<{ value: string }>('SELECT value FROM secrets ORDER BY name')).rows.map(
    ({ value }) => value,
  );
const identity = async (app: TestApp) =>
  (await app.sudo.get('/api/node/settings')).json.certificate as string;
const FOREIGN = { databaseUrl: 'postgresql://elsewhere/x', secretKey: undefined };

describe('the secrets of an installation', () => {
  let certificate: string;
  let token: string;

  it('are one set, also for replicas that start at once', async () => {
    const both = await Promise.all([start(FOREIGN), start(FOREIGN)]);
    const [mine, other] = await Promise.all(both.map(identity));
    expect(mine).toBe(other);
    certificate = mine!;
    token = await both[0]!.login('root', 'correct horse battery');
    expect((await both[1]!.client(token).get('/api/admin')).status).toBe(200);
    expect((await stored()).some((value) => value.includes('PRIVATE KEY'))).toBe(true);
  });

  it('that were stored as they are get encrypted at the next start, and stay the same', async () => {
    const app = await start({ ...FOREIGN, secretKey: 'a key for all replicas' });
    expect((await stored()).every((value) => value.endsWith(':enc1'))).toBe(true);
    expect(await identity(app)).toBe(certificate);
    expect((await app.client(token).get('/api/admin')).status).toBe(200);
  });

  it('are encrypted anew with another key, while the former one is told', async () => {
    const before = await stored();
    const keys = { secretKey: 'another key for all', previousSecretKey: 'a key for all replicas' };
    expect(await identity(await start({ ...FOREIGN, ...keys }))).toBe(certificate);
    expect((await stored()).filter((value) => before.includes(value))).toEqual([]);
    expect(await identity(await start({ ...FOREIGN, secretKey: keys.secretKey }))).toBe(certificate);
  });

  it.each<[string, Partial<Config>]>([
    ['a wrong key', { secretKey: 'not the key at all' }],
    ['no key', {}],
  ])('are out of reach with %s, which one sentence says', async (_, settings) => {
    const before = await stored();
    await expect(start({ ...FOREIGN, ...settings })).rejects.toThrow(
      /^The secrets in the database were encrypted with another key: set SECRET_KEY .*SECRET_KEY_PREVIOUS\.$/,
    );
    expect(await stored()).toEqual(before);
  });

  it('have a key in the data folder where the database is there, too', async () => {
    const former = { previousSecretKey: 'another key for all' };
    expect(await identity(await start({ secretKey: undefined, ...former }))).toBe(certificate);
    const file = join(dataDir, 'secret.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const key = await readFile(file, 'utf8');
    expect(await identity(await start({ secretKey: undefined }))).toBe(certificate);
    expect(await readFile(file, 'utf8')).toBe(key);
    // A key by setting takes the place of the file's without a word about that one.
    expect(await identity(await start({ secretKey: 'a key by a setting' }))).toBe(certificate);
    await writeFile(file, '');
    await expect(start({ secretKey: undefined })).rejects.toThrow(/secret\.key is empty/);
  });

  it('are keys, or nobody starts: an empty one would sign for everybody', async () => {
    await client.query("UPDATE secrets SET value = 'no key' WHERE name = 'admin_tokens'");
    await expect(start({ ...FOREIGN, secretKey: 'a key by a setting' })).rejects.toThrow(
      'The secret admin_tokens in the database is no key',
    );
  });
});
