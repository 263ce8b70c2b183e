import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from '../../../src/cli/commands/subscription.js';
import { STATUSES } from '../../../src/cli/commands/user.js';
import { CLIENT_TYPES } from '../../../src/features/subscription/index.js';
import { USER_STATUSES } from '../../../src/features/users/index.js';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { startApp, type TestApp } from '../../support/app.js';
import { command, type CommandOptions } from '../../support/command.js';
import { addressOf } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

/** A service is at work on the database all the while. */
let service: TestApp;
let client: pg.Client;
let folder: string;
const WEBHOOK = 'https://discord.com/api/webhooks/77/not-for-every-eye';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'margrave-cli-'));
  service = await startApp();
  client = new pg.Client(clientOptions(service.connection));
  await client.connect();
  await service.sudo.post('/api/user', { username: 'alice', proxies: { vless: {} }, data_limit: 2048 });
  await service.sudo.post('/api/user', { username: 'carol', proxies: { vless: {} } });
});
afterAll(async () => {
  await client.end();
  await service.close();
  rmSync(folder, { recursive: true });
});

const margrave = (words: string, { environment, ...options }: CommandOptions = {}) =>
  command(words.split(' '), {
    environment: {
      DATABASE_URL: addressOf(service.connection),
      SECRET_KEY: 'the secret key of tests',
      ...environment,
    },
    cwd: folder,
    ...options,
  });

async function answerOf(words: string, options?: CommandOptions) {
  const { code, out, err } = await margrave(`${words} --json`, options);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  // oxlint-disable-next-line no-explicit-any -- tests assert on the shapes they expect
  return JSON.parse(out) as any;
}

async function noted(action: string): Promise<object[]> {
  const { rows } = await client.query<object>(
    'SELECT actor_kind, actor_name, subject_name FROM activity WHERE action = $1 ORDER BY id',
    [action],
  );
  return rows;
}

const byCli = (subject_name: string | null) => ({ actor_kind: 'cli', actor_name: 'cli', subject_name });

describe('operators by the command line', { timeout: 120_000 }, () => {
  it('are made, listed, changed and deleted, sudo or not, and it is noted', async () => {
    const stdin = 'the first password\n';
    const made = await margrave(`admin create -u bob --no-sudo -tg 12 -dc ${WEBHOOK} --password-stdin`, {
      stdin,
    });
    expect(made).toEqual({ code: 0, out: 'Admin "bob" created successfully.\n', err: '' });
    await service.login('bob', 'the first password');
    expect(await noted('admin_created')).toContainEqual(byCli('bob'));

    const [bob] = await answerOf('admin list -u BO');
    expect(bob).toEqual({
      username: 'bob',
      is_sudo: false,
      telegram_id: 12,
      discord_webhook: 'https://discord.com/api/webhooks/77/…',
      users_usage: 0,
      used_traffic: 0,
      reset_traffic: 0,
      created_at: expect.stringMatching(/^\d{4}-/),
    });

    const environment = { MARZBAN_ADMIN_PASSWORD: 'the second password' };
    expect(await answerOf('admin update -u bob --sudo -tg 0 -dc 0', { environment })).toMatchObject({
      is_sudo: true,
      telegram_id: null,
      discord_webhook: null,
    });
    await service.login('bob', 'the second password');
    expect(await answerOf('admin update -u bob --no-sudo')).toMatchObject({ is_sudo: false });
    await answerOf('admin update -u bob --sudo');
    expect(await margrave('admin delete -u bob -y')).toMatchObject({
      code: 0,
      out: '"bob" deleted successfully.\n',
    });
    expect(await answerOf('admin list -u bob')).toEqual([]);
    expect(await noted('admin_deleted')).toEqual([byCli('bob')]);
  });

  it('are listed with what their users used, in pages', async () => {
    await client.query(`UPDATE user_usage SET used_traffic = 9007199254740993 WHERE user_id = 1`);
    const { out } = await margrave('admin list -o 0 -l 1 --json');
    expect(out).toContain('"used_traffic":9007199254740993');
    await client.query(`UPDATE user_usage SET used_traffic = 0 WHERE user_id = 1`);
  });

  it.each<[string, string, RegExp, number]>([
    ['admin create -u root --sudo --password x', 'a name that is taken', /^error: Admin already exists$/, 1],
    [
      'admin create -u x/y --sudo --password x',
      'a name with a slash',
      /^error: username: Username must have/,
      1,
    ],
    [
      'admin create -u eve --sudo --password x -dc https://discord.com.evil/api/webhooks/1',
      'an address elsewhere',
      /^error: discord_webhook: Discord webhook must start/,
      1,
    ],
    ['admin create -u eve --sudo --password x -tg ten', 'no chat', /Telegram ID must be an integer\.$/, 2],
    [
      'admin create -u eve --sudo',
      'no password',
      /^error: There is no terminal to ask at: give --password-stdin, or MARGRAVE_ADMIN_PASSWORD\.$/,
      2,
    ],
    ['admin create', 'no name', /^error: There is no terminal to ask at: give --username\.$/, 2],
    ['admin update -u nobody --sudo', 'nobody', /^error: Admin not found$/, 1],
    [
      'admin update -u root',
      'nothing to change',
      /^error: There is no terminal to ask at: give what is to change/,
      2,
    ],
    [
      'admin delete -u root',
      'no word that it is meant',
      /^error: There is no terminal to ask at: give --yes\.$/,
      2,
    ],
    ['admin list -l many', 'no number', /It must be a whole number from 0\.$/, 2],
    ['admin fly', 'no command', /^error: unknown command 'fly'/, 2],
    ['admin list --colour', 'no option', /^error: unknown option '--colour'/, 2],
  ])('%s: refused for %s', async (words, _, sentence, exitCode) => {
    const { code, out, err } = await margrave(words);
    expect({ code, out }).toEqual({ code: exitCode, out: '' });
    expect(err.trimEnd()).toMatch(sentence);
    expect(err).not.toMatch(/^ +at /m);
  });

  it('of the settings are kept for the time after them, with all users nobody has', async () => {
    await client.query('UPDATE users SET admin_id = NULL');
    const environment = { SUDO_USERNAME: 'keeper', SUDO_PASSWORD: 'a long password' };
    const first = await answerOf('admin import-from-env -y', { environment });
    expect(first).toEqual({ username: 'keeper', outcome: 'created', users: 2 });
    expect(await answerOf('admin import-from-env -y', { environment })).toMatchObject({
      outcome: 'unchanged',
      users: 0,
    });
    const changed = { ...environment, SUDO_PASSWORD: 'another password' };
    expect(await answerOf('admin import-from-env -y', { environment: changed })).toMatchObject({
      outcome: 'updated',
    });
    await service.login('keeper', 'another password');
    const { rows } = await client.query(
      `SELECT from_environment, is_sudo FROM admins WHERE username = 'keeper'`,
    );
    expect(rows).toEqual([{ from_environment: false, is_sudo: true }]);
    expect(await noted('user_owner_changed')).toEqual([byCli('alice'), byCli('carol')]);

    expect(await margrave('admin import-from-env -y')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/SUDO_USERNAME/),
    });
    const kept = await margrave('admin delete -u keeper -y', { environment });
    expect(kept).toMatchObject({ code: 1, err: expect.stringMatching(/kept by the settings/) });
  });
});

describe('customers by the command line', { timeout: 120_000 }, () => {
  it('are listed without their credentials, by name, words, status and owner', async () => {
    const names = async (words: string) =>
      (await answerOf(`user list ${words}`)).map(({ username }: { username: string }) => username);
    const [alice] = await answerOf('user list -u alice');
    expect(alice).toMatchObject({ username: 'alice', status: 'active', data_limit: 2048, expire: null });
    expect(Object.keys(alice)).not.toContain('proxies');
    expect(await names('-u alice -u carol')).toEqual(['alice', 'carol']);
    expect(await names('-s ARO')).toEqual(['carol']);
    expect(await names('--status disabled')).toEqual([]);
    expect(await names('-o 1 -l 1')).toEqual(['carol']);
    expect(await names('--admin nobody --owner nobody')).toEqual([]);
    const { out } = await margrave('user list');
    expect(out).toMatch(/^ID +Username +Status +Used traffic +Data limit/);
    expect(out).toMatch(/alice +active +0 B +2\.00 KiB +no_reset +-/);
    expect(await margrave('user list --status asleep')).toMatchObject({ code: 2 });
  });

  it('are given to another operator: noted, and told to nodes and replicas', async () => {
    const told: string[] = [];
    client.on('notification', ({ channel }) => told.push(channel));
    await client.query('LISTEN user_change');
    const given = await margrave('user set-owner -u carol --owner root -y');
    expect(given).toEqual({ code: 0, out: `carol's owner successfully set to "root".\n`, err: '' });
    await eventually(() => told.includes('user_change'));
    expect((await service.sudo.get('/api/user/carol')).json.admin.username).toBe('root');
    expect(await margrave('user set-owner -u carol --owner root')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--yes/),
    });
    expect(await margrave('user set-owner -u nobody --admin root')).toMatchObject({
      code: 1,
      err: 'error: User "nobody" not found.\n',
    });
    expect(await margrave('user set-owner -u carol --admin nobody')).toMatchObject({
      code: 1,
      err: 'error: Admin "nobody" not found.\n',
    });
  });

  it('have the link and the documents that the service gives', async () => {
    const { json } = await service.sudo.get('/api/user/alice');
    expect(await margrave('subscription get-link -u alice')).toEqual({
      code: 0,
      out: `${json.subscription_url}\n`,
      err: '',
    });
    const links = (await margrave('subscription get-config -u alice')).out;
    expect(links.trimEnd().split('\n').length).toBe(json.links.length);
    for (const format of FORMATS) {
      const served = await service.client().get(`${json.subscription_url}/${format}`);
      const base64 = format === 'v2ray' ? ' --base64' : '';
      const { config } = await answerOf(`subscription get-config -u alice -f ${format}${base64}`);
      expect(shapeOf(config)).toEqual(shapeOf(served.text));
    }
    const file = join(folder, 'alice.yaml');
    expect(await margrave(`subscription get-config -u alice -f clash -o ${file}`)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toContain('proxies:');
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(await margrave('subscription get-config -u alice -o /nowhere/x')).toMatchObject({
      code: 1,
      err: 'error: Cannot write /nowhere/x: it does not exist.\n',
    });
  });

  it('are asked for in the formats and statuses there are', () => {
    expect([...FORMATS].sort()).toEqual([...CLIENT_TYPES].sort());
    expect(STATUSES).toEqual(USER_STATUSES);
  });
});

describe('the installation by the command line', { timeout: 120_000 }, () => {
  it('shows its core config, tries one out and applies one', async () => {
    const shown = await margrave('config show');
    expect(JSON.parse(shown.out)).toEqual((await service.sudo.get('/api/core/config')).json);
    const file = join(folder, 'core.json');
    const config = JSON.parse(shown.out) as { log: object };
    config.log = { loglevel: 'error' };
    writeFileSync(file, `// mine\n${JSON.stringify(config)}`);
    expect(await answerOf(`config check ${file}`)).toMatchObject({ tested_by_xray: false });
    expect(await noted('core_config_updated')).toEqual([]);
    expect(await margrave(`config apply ${file}`)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--yes/),
    });
    expect(await margrave(`config apply ${file} --yes`)).toMatchObject({
      code: 0,
      out: 'The core config was applied.\n',
    });
    expect((await service.sudo.get('/api/core/config')).json.log).toEqual({ loglevel: 'error' });
    expect(await noted('core_config_updated')).toEqual([byCli(null)]);
    const { rows } = await client
      .query(`SELECT created_by FROM core_config WHERE state = 'active'`)
      .catch(() => ({ rows: [] }));
    if (rows.length > 0) expect(rows).toEqual([{ created_by: 'cli' }]);
    const broken = await margrave('config check -', { stdin: '{"inbounds": [' });
    expect(broken).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^error: .*JSON/) });
    expect(await margrave('config check /nowhere')).toMatchObject({ code: 1 });
  });

  it('lists its nodes, and tells its state in the words of the API', async () => {
    await service.sudo.post('/api/node', { name: 'far', address: '192.0.2.7', port: 62050, api_port: 62051 });
    const [node] = await answerOf('node list');
    expect(node).toMatchObject({ name: 'far', address: '192.0.2.7', kind: 'marzban_node' });
    const status = await answerOf('status');
    expect(Object.keys(status)).toEqual([
      'version',
      'database',
      'migrations',
      'jobs',
      'time',
      'replicas',
      'nodes',
    ]);
    expect(status.nodes).toMatchObject([{ name: 'far' }]);
    expect(status.replicas).toMatchObject([{ alive: true }]);
    expect((await margrave('status')).out).toMatch(/^Margrave .*\nDatabase .*\nMigrations +\d+ applied/);
  });

  it('leaves no sign of life of a command, no lease and no job', async () => {
    const count = async () =>
      (
        await client.query(`SELECT (SELECT array_agg(id ORDER BY id) FROM replica) AS replicas,
                                  (SELECT array_agg(owner_id) FROM node_lease WHERE owner_id IS NOT NULL) AS leases`)
      ).rows;
    const before = await count();
    await answerOf('status');
    await margrave('admin create -u dora --no-sudo --password x');
    expect(await count()).toEqual(before);
  });

  it('says in one sentence that its database is away, or of another version', async () => {
    const away = await margrave('status', {
      environment: { DATABASE_URL: 'postgresql://u@127.0.0.1:9/x', DATABASE_WAIT: '0' },
    });
    expect(away).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^error: Cannot use the database of DATABASE_URL .*\n$/),
    });
    await client.query(
      `INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`,
    );
    expect(await margrave('status')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: .*newer version.*FromTheFuture.*\n$/),
    });
    await client.query(`DELETE FROM migrations WHERE name LIKE 'FromTheFuture%'`);
    await client.query(
      `UPDATE migrations SET name = name || '_' WHERE id = (SELECT max(id) FROM migrations)`,
    );
    await client.query(`CREATE TABLE kept AS SELECT * FROM migrations WHERE name LIKE '%\\_'`);
    await client.query(`DELETE FROM migrations WHERE name LIKE '%\\_'`);
    expect(await margrave('admin list')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: .*older version.*1 migration.*\n$/),
    });
    await client.query(`INSERT INTO migrations SELECT id, timestamp, rtrim(name, '_') FROM kept`);
    expect(await margrave('admin list')).toMatchObject({ code: 0 });
  });

  it('shows each setting, where it is said, and no secret', async () => {
    writeFileSync(
      join(folder, '.env'),
      'SUB_PROFILE_TITLE=Mine\nHOST=127.0.0.9\nWEBHOOK_SECRET=hush\nWEBHOOK_ADDRESS=https://hush.example\n',
    );
    writeFileSync(join(folder, 'token'), '12:hush\n');
    const environment = {
      SUB_PROFILE_TITLE: 'Theirs',
      TELEGRAM_API_TOKEN_FILE: join(folder, 'token'),
      XRAY_JSON: '{"inbounds": ["hush"]}',
      EXTERNAL_CONFIG: 'vless://hush@192.0.2.1:443#x',
    };
    const settings: { name: string; value: string; source: string }[] = await answerOf('settings --changed', {
      environment,
    });
    rmSync(join(folder, '.env'));
    const of = (name: string) => settings.find((setting) => setting.name === name);
    expect(of('SUB_PROFILE_TITLE')).toMatchObject({ value: 'Theirs', source: 'environment' });
    expect(of('UVICORN_HOST')).toMatchObject({ value: '127.0.0.9', source: '.env (HOST)' });
    expect(of('WEBHOOK_SECRET')).toMatchObject({ value: '(hidden)', source: '.env', secret: true });
    expect(of('TELEGRAM_API_TOKEN')).toMatchObject({
      value: '(hidden)',
      source: expect.stringMatching(/^file .*token/),
    });
    expect(JSON.stringify(settings)).not.toContain('hush');
    const wrong = await margrave('settings', { environment: { UVICORN_PORT: 'x' } });
    expect(wrong).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: Setting UVICORN_PORT must be/),
    });
    expect(wrong.out).toMatch(/^Setting +Value +Source/);
  });
});

/** Where dice are thrown (a host, a path, a fingerprint) two documents are not the same letter by letter. */
const shapeOf = (text: string): number => text.trimEnd().split('\n').length;
