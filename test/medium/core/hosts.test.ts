import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Subscriber } from '../../../src/client-configs/index.js';
import { HostsService } from '../../../src/features/hosts/index.js';
import { Database } from '../../../src/shared/database/database.js';
import { startApp, type TestApp, testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';

const inbound = (tag: string, port: number): object => ({ tag, port, protocol: 'vmess', settings: {} });
const config = (...tags: string[]): object => ({
  inbounds: tags.map((tag, index) => inbound(tag, 18210 + index)),
  outbounds: [{ tag: 'DIRECT', protocol: 'freedom' }],
});

const full = {
  remark: 'all {USERNAME}',
  address: 'a.example.com, b.example.com',
  port: 8443,
  sni: 'sni.example.com',
  host: 'host.example.com',
  path: '/p',
  security: 'tls',
  alpn: 'h2,http/1.1',
  fingerprint: '360',
  allowinsecure: true,
  is_disabled: true,
  mux_enable: true,
  fragment_setting: '10-100,100-200,tlshello',
  noise_setting: 'rand:10-20,100-200',
  random_user_agent: true,
  use_sni_as_host: true,
};
const plain = {
  remark: 'r',
  address: 'a.example.com',
  port: null,
  sni: null,
  host: null,
  path: null,
  security: 'inbound_default',
  alpn: '',
  fingerprint: '',
  allowinsecure: null,
  is_disabled: false,
  mux_enable: false,
  fragment_setting: null,
  noise_setting: null,
  random_user_agent: false,
  use_sni_as_host: false,
};
const first = { ...plain, remark: '🚀 Marz ({USERNAME}) [{PROTOCOL} - {TRANSPORT}]', address: '{SERVER_IP}' };

describe('hosts', () => {
  let app: TestApp;
  let other: TestApp;
  let db: Database;

  beforeAll(async () => {
    app = await startApp({
      role: 'api',
      xray: { ...testConfig().xray, json: JSON.stringify(config('A', 'B')) },
    });
    other = await startApp({ role: 'api' }, app.connection);
    db = app.app.get(Database);
  });
  afterAll(async () => {
    await other?.close();
    await app?.close();
  });
  beforeEach(async () => {
    await app.sudo.put('/api/core/config', config('A', 'B'));
    await app.sudo.put('/api/hosts', { A: [], B: [plain] });
  });

  it('are listed for every inbound, in the order of the config, with all their fields', async () => {
    const reply = await put({ A: [full, { remark: '', address: '' }] });
    expect(reply.status).toBe(200);
    const text = JSON.stringify({ A: [full, { ...plain, remark: '', address: '' }], B: [plain] });
    expect(reply.text).toBe(text);
    expect((await app.sudo.get('/api/hosts')).text).toBe(text);
  });

  it('take what is absent or null as the default', async () => {
    const nulls = {
      port: null,
      allowinsecure: null,
      is_disabled: null,
      mux_enable: null,
      random_user_agent: null,
      use_sni_as_host: null,
    };
    expect(
      (await put({ A: [{ remark: 'r', address: 'a.example.com', ...nulls, unknown: 1 }] })).json.A,
    ).toEqual([plain]);
  });

  it('are lenient about numbers and booleans, and keep empty text', async () => {
    const sent = {
      ...plain,
      port: '443',
      mux_enable: 'Yes',
      is_disabled: 0,
      sni: '',
      path: '',
      noise_setting: '',
      fragment_setting: '',
    };
    expect((await put({ A: [sent] })).json.A).toEqual([
      { ...plain, port: 443, mux_enable: true, sni: '', path: '', noise_setting: '', fragment_setting: '' },
    ]);
    expect((await put({ A: [{ ...plain, port: 443.0 }] })).json.A[0].port).toBe(443);
  });

  it.each([
    ['remark', undefined, 'Field required'],
    ['remark', 5, 'Input should be a valid string'],
    ['remark', '{', 'Value error, Invalid formatting variables'],
    ['remark', '{0}', 'Value error, Invalid formatting variables'],
    ['remark', 'x'.repeat(257), 'String should have at most 256 characters'],
    ['address', '{A.b}', 'Value error, Invalid formatting variables'],
    ['address', null, 'Input should be a valid string'],
    ['port', 443.5, 'Input should be a valid integer, got a number with a fractional part'],
    ['port', 'x', 'Input should be a valid integer, unable to parse string as an integer'],
    ['port', -1, 'Input should be greater than or equal to 0'],
    ['port', 65536, 'Input should be less than or equal to 65535'],
    ['sni', 'x'.repeat(1001), 'String should have at most 1000 characters'],
    ['host', 'x'.repeat(1001), 'String should have at most 1000 characters'],
    ['path', 'x'.repeat(257), 'String should have at most 256 characters'],
    ['security', 'reality', "Input should be 'inbound_default', 'none' or 'tls'"],
    [
      'alpn',
      'none',
      "Input should be '', 'h3', 'h2', 'http/1.1', 'h3,h2,http/1.1', 'h3,h2' or 'h2,http/1.1'",
    ],
    ['alpn', null, "Input should be '', 'h3', 'h2', 'http/1.1', 'h3,h2,http/1.1', 'h3,h2' or 'h2,http/1.1'"],
    [
      'fingerprint',
      'opera',
      "Input should be '', 'chrome', 'firefox', 'safari', 'ios', 'android', 'edge', '360', 'qq', 'random' or 'randomized'",
    ],
    ['allowinsecure', 'maybe', 'Input should be a valid boolean, unable to interpret input'],
    [
      'fragment_setting',
      '1,1',
      'Value error, Fragment setting must be like this: length,interval,packet (10-100,100-200,tlshello).',
    ],
    [
      'noise_setting',
      'array:1',
      'Value error, Noise setting must be like this: packet,delay (rand:10-20,100-200).',
    ],
    ['noise_setting', `str:${'x'.repeat(1997)}`, "Value error, Noise can't be longer that 2000 character"],
  ])('do not validate with the %s %j', async (field, value, msg) => {
    const reply = await put({ B: [plain], A: [plain, { ...plain, [field]: value }] });
    expect(reply.status).toBe(422);
    expect(reply.json.detail).toEqual([{ loc: ['body', 'A', 1, field], msg, type: expect.any(String) }]);
    expect((await app.sudo.get('/api/hosts')).json.A).toEqual([]);
  });

  it.each([
    ['[]', ['body'], 'Input should be a valid dictionary'],
    ['{"A":{}}', ['body', 'A'], 'Input should be a valid list'],
    ['{"A":[5]}', ['body', 'A', 0], 'Input should be a valid dictionary or object to extract fields from'],
    [undefined, ['body'], 'Field required'],
  ])('do not validate as %s', async (body, loc, msg) => {
    const reply = await put(body);
    expect([reply.status, reply.json.detail]).toEqual([422, [{ loc, msg, type: expect.any(String) }]]);
  });

  it('that are all wrong are told of up to a hundred issues, however many there are', async () => {
    const faults = async (body: string) => {
      const reply = await app.sudo.put('/api/hosts', body);
      const { detail } = reply.json as { detail: { loc: unknown[] }[] };
      return [reply.status, detail.length, detail[0]?.loc, detail.at(-1)?.loc];
    };
    const wrong = Array.from({ length: 1000 }, () => '5');
    expect(await faults(`{"A":[${wrong}]}`)).toEqual([422, 100, ['body', 'A', 0], ['body', 'A', 99]]);
    const tags = Array.from({ length: 50_000 }, (_, index) => `"tag ${index}":5`);
    expect(await faults(`{${tags}}`)).toEqual([422, 100, ['body', 'tag 0'], ['body', 'tag 99']]);
    const nested = Array.from({ length: 60 }, (_, index) => `"tag ${index}":[{},{}]`);
    expect((await faults(`{${nested}}`))[1]).toBe(100);
    // Half a million, which no call takes as its arguments.
    expect((await faults(`{"A":[${'0,'.repeat(500_000)}0]}`))[0]).toBe(422);
  });

  it('are at most 1000 for an inbound', async () => {
    const many = (count: number): object => ({
      A: Array.from({ length: count }, (_, i) => ({ ...plain, port: i })),
    });
    expect((await put(many(1000))).json.A).toHaveLength(1000);
    const reply = await put(many(1001));
    expect(reply.status).toBe(422);
    expect(reply.json.detail).toEqual([
      {
        loc: ['body', 'A'],
        msg: 'List should have at most 1000 items after validation, not 1001',
        type: 'too_long',
      },
    ]);
  });

  it('of an unknown inbound are refused, and nothing else changes', async () => {
    const reply = await put({ A: [plain], 'No such': [plain], Neither: [] });
    expect([reply.status, reply.json]).toEqual([400, { detail: "Inbound No such doesn't exist" }]);
    expect((await app.sudo.get('/api/hosts')).json).toEqual({ A: [], B: [plain] });
  });

  it.each([
    ['nothing', {}, { A: [], B: [plain] }],
    ['an empty list', { B: [] }, { A: [], B: [] }],
  ])('given as %s', async (_, body, expected) => {
    expect((await put(body)).json).toEqual(expected);
  });

  it('keep their ids while they are edited', async () => {
    const named = (...remarks: string[]): object => ({ A: remarks.map((remark) => ({ ...plain, remark })) });
    const ids = async (): Promise<Record<string, number>> => {
      const rows = await db.rows<{ id: number; remark: string }>(
        "SELECT id, remark FROM hosts WHERE inbound_tag = 'A'",
      );
      return Object.fromEntries(rows.map(({ remark, id }) => [remark, id]));
    };
    await put(named('one', 'two', 'three'));
    const before = await ids();
    expect(
      (await put(named('three', 'new', 'one', 'two!'))).json.A.map((h: { remark: string }) => h.remark),
    ).toEqual(['three', 'new', 'one', 'two!']);
    const after = await ids();
    expect([after.one, after.three]).toEqual([before.one, before.three]);
    expect(Object.values(after)).toContain(before.two);
  });

  it('saved empty stay empty, and return with their inbound', async () => {
    await put({ A: [], B: [full] });
    await app.sudo.put('/api/core/config', config('A', 'C'));
    expect((await app.sudo.get('/api/hosts')).json).toEqual({ A: [], C: [first] });
    expect((await put({ B: [] })).status).toBe(400);
    await app.sudo.put('/api/core/config', config('A', 'B'));
    expect((await app.sudo.get('/api/hosts')).json).toEqual({ A: [], B: [full] });
  });

  it('saved by two at once are those of one of them', async () => {
    const list = (name: string): object[] =>
      Array.from({ length: 20 }, (_, i) => ({ ...plain, remark: `${name} ${i}` }));
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        put({ A: list('x'), B: [] }),
        other.sudo.put('/api/hosts', { B: [], A: list('y') }),
      ]);
      const remarks = ((await app.sudo.get('/api/hosts')).json.A as { remark: string }[]).map(
        ({ remark }) => remark,
      );
      expect(
        [list('x'), list('y')].map((hosts) => hosts.map((host) => (host as typeof plain).remark)),
      ).toContainEqual(remarks);
    }
  });

  it('change all together or not at all', async () => {
    await db.run(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`);
    await db.run(
      `CREATE TRIGGER refuse BEFORE INSERT ON hosts FOR EACH ROW WHEN (new.remark = 'bad') EXECUTE FUNCTION refuse()`,
    );
    expect((await put({ A: [plain], B: [plain, { ...plain, remark: 'bad' }] })).status).toBe(500);
    await db.run('DROP TRIGGER refuse ON hosts');
    expect((await app.sudo.get('/api/hosts')).json).toEqual({ A: [], B: [plain] });
  });

  it('are for sudo admins only', async () => {
    await app.sudo.post('/api/admin', { username: 'plain', password: 'plain password', is_sudo: false });
    const admin = app.client(await app.login('plain', 'plain password'));
    expect((await admin.get('/api/hosts')).json).toEqual({ detail: "You're not allowed" });
    expect((await admin.put('/api/hosts', { A: 5 })).status).toBe(403);
    expect((await app.client().put('/api/hosts', { A: 5 })).status).toBe(401);
    expect((await app.client().get('/api/hosts')).json).toEqual({ detail: 'Not authenticated' });
  });

  it('leave the nodes alone', async () => {
    await db.run("INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '')");
    const node = () => db.row('SELECT generation, restart_generation, config_generation FROM nodes');
    const before = await node();
    await put({ A: [plain] });
    expect(await node()).toEqual(before);
  });

  it('are what share links are made from, on every replica within a second', async () => {
    const links = (of: TestApp): string[] => of.app.get(HostsService).shareLinks(user, new Date());
    await put({
      A: [
        { ...plain, remark: '{USERNAME}', address: '192.0.2.7' },
        { ...plain, is_disabled: true },
      ],
      B: [],
    });
    expect(links(app).map(vmess)).toEqual([
      expect.objectContaining({ ps: 'alice', add: '192.0.2.7', port: 18210 }),
    ]);
    await eventually(
      () => links(other).map(vmess)[0]?.add === '192.0.2.7' && links(other).length === 1,
      1_000,
    );
  });

  it('of a new inbound are in share links at once', async () => {
    await app.sudo.put('/api/core/config', config('D', 'A'));
    const links = app.app.get(HostsService).shareLinks(user, new Date());
    expect(links.map(vmess)).toEqual([
      expect.objectContaining({ ps: '🚀 Marz (alice) [VMess - tcp]', add: '192.0.2.1' }),
    ]);
  });

  it('with a path of braces spoil nothing', async () => {
    await put({ A: [{ ...plain, path: '/{' }], B: [{ ...plain, remark: 'fine' }] });
    const links = app.app.get(HostsService).shareLinks(user, new Date());
    expect(links.map(vmess).map(({ ps }) => ps)).toContain('fine');
  });

  function put(body: unknown) {
    return app.sudo.put('/api/hosts', body);
  }
});

const user: Subscriber = {
  username: 'alice',
  status: 'active',
  usedTraffic: 0n,
  dataLimit: null,
  expireAt: null,
  holdSeconds: null,
  proxies: { vmess: { id: '0f9a3c11-2b7e-4d52-9c44-1f2e3d4c5b6a' } },
  excludedInbounds: {},
};

function vmess(link: string): { ps: string; add: string; port: number } {
  return JSON.parse(Buffer.from(link.slice('vmess://'.length), 'base64').toString()) as ReturnType<
    typeof vmess
  >;
}
