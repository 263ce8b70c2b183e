import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CoreConfigs } from '../../../src/features/core/index.js';
import { readMarkers } from '../../../src/xray/config/index.js';
import { Database } from '../../../src/shared/database/database.js';
import { startApp, type TestApp, type TestClient } from '../../support/app.js';
import { coreConfig, direct, trojan, ws } from '../../support/core-configs.js';

describe('the core config', () => {
  let app: TestApp;
  let db: Database;
  let plain: TestClient;

  beforeAll(async () => {
    app = await startApp({ role: 'api' }); // nobody but the test touches the nodes
    db = app.app.get(Database);
    await app.sudo.post('/api/admin', { username: 'plain', password: 'plain password', is_sudo: false });
    plain = app.client(await app.login('plain', 'plain password'));
    await db.run(`INSERT INTO nodes (kind, name, address, status) VALUES
      ('local', 'Master', '', 'connecting'), ('marzban_node', 'off', '192.0.2.9', 'disabled')`);
  });
  afterAll(() => app?.close());

  it('of a new installation has three inbounds, each with one host', async () => {
    expect((await app.sudo.get('/api/inbounds')).json).toEqual({
      vless: [
        {
          tag: 'VLESS TCP REALITY',
          protocol: 'vless',
          network: 'tcp',
          tls: 'reality',
          port: expect.any(Number),
        },
      ],
      vmess: [
        { tag: 'VMess WebSocket', protocol: 'vmess', network: 'ws', tls: 'none', port: expect.any(Number) },
      ],
      shadowsocks: [
        {
          tag: 'Shadowsocks TCP',
          protocol: 'shadowsocks',
          network: 'tcp',
          tls: 'none',
          port: expect.any(Number),
        },
      ],
    });
    const hosts = (await app.sudo.get('/api/hosts')).json as Record<string, unknown[]>;
    expect(Object.values(hosts).map((list) => list.length)).toEqual([1, 1, 1]);
  });

  it('is answered and stored letter by letter, without blanks', async () => {
    const text = `{ "log" : {"loglevel": "error"}, "policy": {"levels": {"1": {"connIdle": 1.50}, "0": {}}},
      "inbounds": [${JSON.stringify(ws)}], "outbounds": [${JSON.stringify(direct)}], "x": [18446744073709551615, "\\u4f60 你"] }`;
    const stored = text.replaceAll(/\s+(?![你W])/g, '');
    const put = await app.sudo.put('/api/core/config', text);
    expect([put.status, put.text, put.headers.get('content-type')]).toEqual([
      200,
      stored,
      'application/json',
    ]);
    const get = await app.sudo.get('/api/core/config');
    expect([get.status, get.text, get.headers.get('content-type')]).toEqual([
      200,
      stored,
      'application/json',
    ]);
  });

  it('is given for an Xray elsewhere without users, with the mark of what is active', async () => {
    const mark = async () => {
      const reply = await app.sudo.get('/api/core/config/elsewhere');
      expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json']);
      const { inbounds, outbounds, api, policy } = reply.json;
      expect(inbounds).toMatchObject([{ tag: ws.tag, settings: { clients: [] } }]);
      expect(api.tag).toBe('API');
      expect(policy.levels['0'].statsUserUplink).toBe(true);
      return readMarkers((outbounds as { tag: string }[]).map(({ tag }) => tag)).config;
    };
    await put([ws]);
    const first = await mark();
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    await put([{ ...ws, port: 18299 }]);
    const second = await mark();
    expect(second).not.toBe(first);
    const configs = app.app.get(CoreConfigs, { strict: false });
    expect((await configs.byMark(first!))!.version).toBeLessThan((await configs.byMark(second!))!.version);
    expect(await configs.byMark('0'.repeat(16))).toBeUndefined();
  });

  it('decides at once which inbounds there are, in its order', async () => {
    const socks = { tag: 'Socks', port: 18205, protocol: 'socks' };
    expect((await put([trojan, socks, ws, { ...trojan, tag: 'Trojan 2' }])).status).toBe(200);
    const inbounds = await plain.get('/api/inbounds');
    expect(inbounds.text).toBe(
      '{"trojan":[{"tag":"Trojan","protocol":"trojan","network":"tcp","tls":"none","port":"18202-18204"},' +
        '{"tag":"Trojan 2","protocol":"trojan","network":"tcp","tls":"none","port":"18202-18204"}],' +
        '"vmess":[{"tag":"VMess WS","protocol":"vmess","network":"ws","tls":"none","port":18201}]}',
    );
  });

  it('gives a new inbound its first host once', async () => {
    const tags = ['Fresh 1', 'Fresh 2'];
    await Promise.all(tags.flatMap((tag) => [1, 2, 3].map(() => put([{ ...ws, tag }]))));
    await put([ws, ...tags.map((tag) => ({ ...ws, tag }))]);
    const hosts = (await app.sudo.get('/api/hosts')).json as Record<string, unknown[]>;
    expect(Object.entries(hosts).map(([tag, list]) => [tag, list.length])).toEqual([
      ['VMess WS', 1],
      ['Fresh 1', 1],
      ['Fresh 2', 1],
    ]);
  });

  it('sent many times at once is one of those sent', async () => {
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const replies = await Promise.all(
      paths.map((path) => put([{ ...ws, streamSettings: { network: 'ws', wsSettings: { path } } }])),
    );
    expect(replies.map(({ status }) => status)).toEqual(paths.map(() => 200));
    const { inbounds } = (await app.sudo.get('/api/core/config')).json;
    expect(paths).toContain(inbounds[0].streamSettings.wsSettings.path);
  });

  describe('when it is refused', () => {
    it.each([
      ['without inbounds', { outbounds: [direct] }, "config doesn't have inbounds"],
      ['without outbounds', { inbounds: [ws] }, "config doesn't have outbounds"],
      ['without a tag', coreConfig([{ ...ws, tag: undefined }]), 'all inbounds must have a unique tag'],
      [
        'with a comma in a tag',
        coreConfig([{ ...ws, tag: 'a,b' }]),
        'character «,» is not allowed in inbound tag',
      ],
      [
        'with an untagged outbound',
        { inbounds: [ws], outbounds: [{ protocol: 'freedom' }] },
        'all outbounds must have a unique tag',
      ],
      ['with one tag twice', coreConfig([ws, ws]), 'inbound tag VMess WS is not unique'],
      [
        'without a protocol',
        coreConfig([{ ...ws, protocol: undefined }]),
        "inbound VMess WS doesn't have a protocol",
      ],
      ['without a port', coreConfig([{ ...ws, port: undefined }]), "inbound VMess WS doesn't have port"],
      ['with a wrong port', coreConfig([{ ...ws, port: 70000 }]), 'port of inbound VMess WS is not valid'],
      ['with our tag', coreConfig([{ ...ws, tag: 'API_INBOUND' }]), 'inbound tag API_INBOUND is reserved'],
      ['with a text as header path', coreConfig([tcp({ request: { path: '/' } })]), tcpText],
      [
        'with a list as path',
        coreConfig([{ ...ws, streamSettings: { network: 'ws', wsSettings: { path: ['/'] } } }]),
        wsText,
      ],
      [
        'with REALITY without keys',
        coreConfig([reality({ shortIds: [''] })]),
        'You need to provide privateKey in realitySettings of R',
      ],
      [
        'with REALITY without short ids',
        coreConfig([reality({ publicKey: 'P' })]),
        'You need to define at least one shortID in realitySettings of R',
      ],
      [
        'with a wrong REALITY key',
        coreConfig([reality({ privateKey: 'short', shortIds: [''] })]),
        'privateKey in realitySettings of R is not valid',
      ],
      [
        'with a certificate that is not there',
        coreConfig([tls('/nonexistent/cert.pem')]),
        'Unable to read certificate file /nonexistent/cert.pem of T',
      ],
      [
        'with a device for a certificate',
        coreConfig([tls('/dev/zero')]),
        'Unable to read certificate file /dev/zero of T',
      ],
    ])('%s it stays as it was', async (_, body, detail) => {
      const before = (await app.sudo.get('/api/core/config')).text;
      const reply = await app.sudo.put('/api/core/config', body);
      expect([reply.status, reply.json]).toEqual([400, { detail }]);
      expect((await app.sudo.get('/api/core/config')).text).toBe(before);
    });

    it.each([
      ['a list', '[]', { loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
      ['a number', '5', { loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }],
      ['null', 'null', { loc: ['body'], msg: 'Field required', type: 'missing' }],
      ['nothing', undefined, { loc: ['body'], msg: 'Field required', type: 'missing' }],
      ['broken', '{"a" 1}', { loc: ['body', 5], msg: 'JSON decode error', type: 'json_invalid' }],
    ])('as %s it does not validate', async (_, body, issue) => {
      const reply = await app.sudo.put('/api/core/config', body);
      expect([reply.status, reply.json]).toEqual([422, { detail: [issue] }]);
    });

    it('for nesting without end it is no server error', async () => {
      const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
      expect((await app.sudo.put('/api/core/config', `{"a":${deep}}`)).status).toBe(400);
    });
  });

  it.each([
    ['get', '/api/core', 401, 200],
    ['get', '/api/inbounds', 401, 200],
    ['get', '/api/core/config', 401, 403],
    ['get', '/api/core/config/elsewhere', 401, 403],
    ['put', '/api/core/config', 401, 403],
    ['post', '/api/core/restart', 401, 403],
  ] as const)('%s %s: %d for nobody, %d for an admin without sudo', async (method, path, nobody, admin) => {
    expect((await app.client()[method](path)).status).toBe(nobody);
    expect((await plain[method](path)).status).toBe(admin);
  });

  it('is kept in its last 50 versions, and in those that cores run', async () => {
    const first = await db.row<{ version: bigint }>('SELECT min(version) AS version FROM core_config');
    await db.run(
      "UPDATE node_runtime SET last_good_config_version = $1 FROM nodes WHERE id = node_id AND kind = 'local'",
      [first!.version],
    );
    for (let i = 0; i < 55; i++)
      await put([{ ...ws, streamSettings: { network: 'ws', wsSettings: { path: `/${i}` } } }]);
    const row = await db.row<{ all: bigint; active: bigint }>(
      `SELECT count(*) AS all, count(*) FILTER (WHERE state = 'active') AS active FROM core_config`,
    );
    expect(row).toEqual({ all: 51n, active: 1n });
    expect((await app.app.get(CoreConfigs).byVersion(first!.version)).byTag.size).toBe(3);
  });

  describe('and the nodes', () => {
    beforeAll(() => put([ws]));

    it('no core runs while none is connected', async () => {
      expect((await plain.get('/api/core')).text).toBe(
        '{"version":"","started":false,"logs_websocket":"/api/core/logs"}',
      );
    });

    it('a connected one shows its version', async () => {
      await db.run("UPDATE nodes SET status = 'connected', xray_version = '26.3.27' WHERE kind = 'local'");
      expect((await plain.get('/api/core')).json).toMatchObject({ version: '26.3.27', started: true });
    });

    it('all but disabled ones are told to restart', async () => {
      const before = await generations();
      expect(await app.sudo.post('/api/core/restart')).toMatchObject({ status: 200, text: '{}' });
      expect(await generations()).toEqual({
        ...before,
        Master: [before.Master![0]! + 1n, before.Master![1]],
      });
    });

    it('are told of a config that changes what they run, and of no other', async () => {
      const before = await generations();
      await app.sudo.put(
        '/api/core/config',
        `{"outbounds":[${JSON.stringify(direct)}],"inbounds":[${JSON.stringify(ws)}]}`,
      );
      expect((await app.sudo.get('/api/core/config')).text).toMatch(/^\{"outbounds"/);
      expect(await generations()).toEqual(before);
      await put([ws, trojan]);
      expect(await generations()).toEqual({
        ...before,
        Master: [before.Master![0], before.Master![1]! + 1n],
      });
    });

    async function generations(): Promise<Record<string, [bigint, bigint]>> {
      const rows = await db.rows<{ name: string; restart: bigint; config: bigint }>(
        'SELECT name, restart_generation AS restart, config_generation AS config FROM nodes',
      );
      return Object.fromEntries(rows.map(({ name, restart, config }) => [name, [restart, config]]));
    }
  });

  async function put(inbounds: object[]) {
    return app.sudo.put('/api/core/config', coreConfig(inbounds));
  }
});

const tcpText =
  'Settings of T for path and host must be list, not str\nhttps://xtls.github.io/config/transports/tcp.html#httpheaderobject';
const wsText =
  'Settings of VMess WS for path and host must be str, not list\n' +
  'https://xtls.github.io/config/transports/websocket.html#websocketobject';

function tcp(header: object): object {
  return { ...trojan, tag: 'T', streamSettings: { network: 'tcp', tcpSettings: { header } } };
}

function reality(realitySettings: object): object {
  return { ...trojan, tag: 'R', streamSettings: { security: 'reality', realitySettings } };
}

function tls(certificateFile: string): object {
  return {
    ...trojan,
    tag: 'T',
    streamSettings: { security: 'tls', tlsSettings: { certificates: [{ certificateFile }] } },
  };
}
