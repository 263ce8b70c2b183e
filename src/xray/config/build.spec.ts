import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  buildCoreConfig,
  configHash,
  type CorePlace,
  type CoreUser,
  type JsonObject,
  configMark,
  readMarkers,
  markerTag,
  parseCoreConfig,
  resolveInbounds,
} from './index.js';

const ID = '0f9a3c11-2b7e-4d52-9c44-1f2e3d4c5b6a';
const vless = { tag: 'vless', port: 1, protocol: 'vless', settings: { decryption: 'none' } };
const socks = { tag: 'socks', port: 2, protocol: 'socks', settings: { auth: 'noauth' } };
const direct = { tag: 'direct', protocol: 'freedom' };

describe('a built config', () => {
  it('keeps what the operator wrote', () => {
    const built = build({
      inbounds: [socks, vless],
      dns: { servers: ['1.1.1.1'] },
      routing: { domainStrategy: 'AsIs' },
    });
    expect(built.dns).toEqual({ servers: ['1.1.1.1'] });
    expect(built.routing).toEqual({ domainStrategy: 'AsIs' });
    expect(built.inbounds).toMatchObject([socks, vless]);
  });

  it('keeps numbers that a double cannot hold', () => {
    expect(
      buildText({ observatory: { probe: 'BIG' } }, (text) => text.replace('"BIG"', '18446744073709551615')),
    ).toContain('"probe":18446744073709551615');
  });

  it('listens for the API where it is told, with statistics', () => {
    expect(build({ api: { services: [], tag: 'mine' }, stats: { x: 1 } })).toMatchObject({
      api: {
        tag: 'API',
        listen: '127.0.0.1:10085',
        services: ['HandlerService', 'StatsService', 'LoggerService'],
      },
      stats: {},
    });
  });

  it('has an inbound of its own for an API on a Unix socket, before all rules of the operator', () => {
    const routing = { domainStrategy: 'AsIs', rules: [{ outboundTag: 'direct' }] };
    const built = build({ routing }, [], { apiListen: '/run/api.sock' });
    expect(built.api).not.toHaveProperty('listen');
    expect(built.inbounds[0]).toMatchObject({ tag: 'API_INBOUND', listen: '/run/api.sock,0600' });
    expect(built.inbounds[1]).toMatchObject(vless);
    expect(built.routing).toEqual({
      domainStrategy: 'AsIs',
      rules: [{ type: 'field', inboundTag: ['API_INBOUND'], outboundTag: 'API' }, { outboundTag: 'direct' }],
    });
  });

  it('leaves the listener of the API to the owner of another machine, and the way from it to the API first of all rules', () => {
    const built = build(
      { api: { listen: '1.2.3.4:1' }, routing: { rules: [{ outboundTag: 'direct' }] } },
      [],
      'elsewhere',
    );
    expect(built.api).toEqual({ tag: 'API', services: ['HandlerService', 'StatsService', 'LoggerService'] });
    expect(built.inbounds.map(({ tag }) => tag)).toEqual(['vless']);
    expect(built.routing).toEqual({
      rules: [{ type: 'field', inboundTag: ['API_INBOUND'], outboundTag: 'API' }, { outboundTag: 'direct' }],
    });
  });

  it('adds what accounting needs to the policy and leaves the rest', () => {
    const policy = {
      levels: { 0: { handshake: 4, statsUserOnline: true, statsUserUplink: false }, 1: { connIdle: 9 } },
      system: { statsInboundUplink: true, statsOutboundUplink: false },
      other: 1,
    };
    expect(build({ policy }).policy).toEqual({
      levels: {
        0: { handshake: 4, statsUserOnline: true, statsUserUplink: true, statsUserDownlink: true },
        1: { connIdle: 9 },
      },
      system: {
        statsInboundUplink: false,
        statsInboundDownlink: false,
        statsOutboundUplink: true,
        statsOutboundDownlink: true,
      },
      other: 1,
    });
  });

  it('ends with the marker, which is no default route', () => {
    expect(build().outbounds).toEqual([
      direct,
      { protocol: 'blackhole', tag: 'PANEL_CFG_0123456789abcdef_a1' },
    ]);
  });

  it.each([
    [
      { loglevel: 'error', access: 'none' },
      { loglevel: 'warning', access: 'none' },
    ],
    [{ logLevel: 'None' }, { loglevel: 'warning' }],
    [{ loglevel: 'debug' }, { loglevel: 'debug' }],
    [undefined, {}],
  ])('with the log %j shows when it has started', (log, expected) => {
    expect(build({ log }).log).toEqual(expected);
  });

  it('has the users as clients, in their order, after those of the operator', () => {
    const ops = { email: 'ops', id: ID };
    const inbound = {
      ...vless,
      settings: { decryption: 'none', clients: [ops], users: [{ ...ops, email: 'more' }] },
    };
    const built = build({ inbounds: [inbound] }, [user(1), user(2)]);
    expect(built.inbounds[0]?.settings).toEqual({
      decryption: 'none',
      clients: [ops, { ...ops, email: 'more' }, { email: '1.user1', id: ID }, { email: '2.user2', id: ID }],
    });
  });

  it('has each of our users once, also when the operator pasted an older config of ours', () => {
    const pasted = { email: '1.user1', id: '11111111-1111-4111-8111-111111111111' };
    const built = build({ inbounds: [{ ...vless, settings: { clients: [pasted] } }] }, [user(1)]);
    expect(built.inbounds[0]?.settings).toEqual({ clients: [{ email: '1.user1', id: ID }] });
  });

  it('has a list of clients also without users and without settings', () => {
    expect(build({ inbounds: [{ tag: 'a', port: 1, protocol: 'trojan' }] }).inbounds[0]?.settings).toEqual({
      clients: [],
    });
  });

  it('leaves inbounds alone that the panel does not manage', () => {
    expect(build({ inbounds: [socks, vless] }, [user(1)]).inbounds[0]).toEqual(socks);
  });

  it('keeps a shadowsocks 2022 inbound ready for users', () => {
    const settings = { method: '2022-blake3-aes-128-gcm', password: 'S2V5' };
    const inbounds = [{ tag: 'ss', port: 1, protocol: 'shadowsocks', settings }];
    const clients = [build({ inbounds }), build({ inbounds }, [user(1)])].map(
      (built) => (built.inbounds[0]?.settings as { clients: JsonObject[] }).clients,
    );
    expect(clients[0]).toEqual([
      { email: 'placeholder@panel', password: expect.stringMatching(/^.{22}==$/) },
    ]);
    expect(clients[1]).toEqual([...clients[0]!, { email: '1.user1', password: expect.any(String) }]);
  });

  it('is the same text for the same input', () => {
    expect(buildText({}, undefined, [user(1)])).toBe(buildText({}, undefined, [user(1)]));
  });

  it('leaves the API to the agent of another machine', () => {
    const changes = { api: { tag: 'mine' }, routing: { domainStrategy: 'AsIs' } };
    const built = build(changes, [], { readFile: () => '', apiSources: [] });
    expect(built).not.toHaveProperty('api');
    expect(built.inbounds.map(({ tag }) => tag)).toEqual(['vless']);
    expect(built.stats).toEqual({});
    expect(built.policy).toMatchObject({ system: { statsOutboundUplink: true } });
    // Without rules the agent would replace all of it.
    expect(built.routing).toEqual({ domainStrategy: 'AsIs', rules: [] });
  });

  it("has the agent's API let other replicas through, before all rules of the operator", () => {
    const routing = { rules: [{ outboundTag: 'direct' }] };
    const place = { readFile: () => '', apiSources: ['192.0.2.0/24', '198.51.100.7'] };
    expect(build({ routing }, [], place).routing).toEqual({
      rules: [
        { type: 'field', inboundTag: ['API_INBOUND'], source: place.apiSources, outboundTag: 'API' },
        { outboundTag: 'direct' },
      ],
    });
  });

  it('carries TLS files for a core elsewhere', () => {
    const certificates = [{ certificateFile: '/c.pem', keyFile: '/k.pem', usage: 'encipherment' }];
    const inbound = {
      ...vless,
      streamSettings: { security: 'tls', tlsSettings: { certificates, alpn: ['h2'] } },
    };
    const readFile = (path: string): string => ` ${path}\r\nend \n`;
    expect(
      build({ inbounds: [inbound] }, [], { readFile, apiSources: [] }).inbounds[0]?.streamSettings,
    ).toEqual({
      security: 'tls',
      tlsSettings: {
        alpn: ['h2'],
        certificates: [{ usage: 'encipherment', certificate: ['/c.pem', 'end'], key: ['/k.pem', 'end'] }],
      },
    });
  });
});

describe('the hash of a config', () => {
  const base = { inbounds: [vless], outbounds: [direct], policy: { levels: { 1: {}, 0: {} } } };

  it('does not depend on blanks, comments and the order of keys', () => {
    const shuffled = `{ # a comment
      "policy": {"levels": {"0": {}, "1": {}}}, "outbounds": [{"protocol": "freedom", "tag": "direct"}],
      "inbounds": [{"settings": {"decryption": "none"}, "protocol": "vless", "port": 1, "tag": "vless"}] }`;
    expect(hash(shuffled)).toBe(hash(JSON.stringify(base)));
  });

  it.each([
    ['a value', { ...base, inbounds: [{ ...vless, port: 3 }] }],
    ['the order of a list', { ...base, inbounds: [vless], outbounds: [{ ...direct, tag: 'b' }, direct] }],
    ['a key', { ...base, dns: {} }],
  ])('depends on %s', (_, other) => {
    expect(hash(JSON.stringify(other))).not.toBe(hash(JSON.stringify(base)));
  });

  it.each([
    [
      'keys that look like numbers, and odd numbers',
      { b: { 10: 1, 2: [1, 'x', 1e21, null] }, a: [[], {}, [{ c: '\n' }]] },
    ],
    ['integers of 64 bits', { a: ['@18446744073709551615', 1] }],
  ])('stays what it is in running cores: %s', (name, members) => {
    const text = JSON.stringify({ ...base, x: members }).replace(/"@(\d+)"/g, '$1');
    expect(hash(text)).toBe(HASHES[name as keyof typeof HASHES]);
  });

  it('depends on which inbounds are managed', () => {
    expect(hash(JSON.stringify(base), ['vless'])).not.toBe(hash(JSON.stringify(base)));
  });

  it('names the marker', () => {
    const hash = '0123456789abcdef'.repeat(4);
    expect(markerTag(hash, 'a1')).toBe('PANEL_CFG_0123456789abcdef_a1');
    expect(markerTag(hash)).toBe('PANEL_CFG_0123456789abcdef');
    for (const tag of [markerTag(hash, 'a1'), markerTag(hash)])
      expect(readMarkers([tag]).config).toBe(configMark(hash));
    expect(readMarkers(['DIRECT']).config).toBeUndefined();
  });
});

/** Other ones would restart every core at an update. */
const HASHES = {
  'keys that look like numbers, and odd numbers':
    '67d1540ed9fb4b920bef1cc3682e9e9d02a38e932c29f48f165ad2a2f84df867',
  'integers of 64 bits': '875bd0c3408c412f467119ddffe1d8da40f0a3c525d619bb545cd0f1bbbfffe5',
};

function hash(text: string, excludeTags: string[] = []): string {
  const config = parseCoreConfig(text);
  return configHash(
    config,
    resolveInbounds(config, { excludeTags, fallbacksTag: '', readCertificate: () => '' }),
  );
}

type Built = Record<string, JsonObject> & { inbounds: JsonObject[]; outbounds: JsonObject[] };

function build(config: object = {}, users: CoreUser[] = [], place?: CorePlace): Built {
  return JSON.parse(buildText(config, undefined, users, place)) as Built;
}

function buildText(
  changes: object,
  edit = (text: string) => text,
  users: CoreUser[] = [],
  place: CorePlace = { apiListen: '127.0.0.1:10085' },
): string {
  const config = parseCoreConfig(
    edit(JSON.stringify({ inbounds: [vless], outbounds: [direct], ...changes })),
  );
  return buildCoreConfig({
    config,
    inbounds: resolveInbounds(config, { excludeTags: [], fallbacksTag: '', readCertificate: () => '' }),
    users,
    place,
    marker: markerTag('0123456789abcdef', 'a1'),
    secret: createSecretKey(Buffer.from('secret')),
  });
}

function user(id: number): CoreUser {
  return {
    id,
    username: `user${id}`,
    proxies: { vless: { id: ID, flow: '' }, shadowsocks: { password: 'p', method: 'aes-128-gcm' } },
    excludedInbounds: {},
  };
}
