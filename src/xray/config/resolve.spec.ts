import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type JsonObject, parseCoreConfig, type ResolvedInbound, resolveInbounds } from './index.js';

interface Row {
  name: string;
  inbound: JsonObject;
  others?: JsonObject[];
  fallbacksTag?: string;
  resolved?: JsonObject | null;
  error?: string;
}

const rows = JSON.parse(
  readFileSync(new URL('../../../test/golden/core/inbounds.json', import.meta.url), 'utf8'),
) as Row[];

/** Where we do better than the predecessor: what changes in its answer, or our error. */
const departures: Record<string, { error: string } | JsonObject> = {
  'raw with tcpSettings key': { header_type: 'http', path: '/1' }, // the core reads either name
  'tcp http header, lower-case host key': { host: ['h1'] }, // names of headers have no case
  'reality spiderX in the usual spelling': { spx: '/x', pbk: '7xhH4b_VkliBxGulljcyPOH-bYUA2dl-XAdZAsfhk04' }, // the core's own spelling
  'reality explicit key and SpiderX': { pbk: '7xhH4b_VkliBxGulljcyPOH-bYUA2dl-XAdZAsfhk04' }, // the text is no key
  // The core takes them as empty.
  'tls without tlsSettings': {
    tag: 'a',
    protocol: 'vmess',
    port: 1,
    network: 'tcp',
    tls: 'tls',
    sni: [],
    host: [],
    path: '',
    header_type: '',
    is_fallback: false,
  },
  'tls missing certificate file': { error: 'Unable to read certificate file /nonexistent/cert.pem of a' },
  'reality without realitySettings': { error: 'You need to provide privateKey in realitySettings of a' },
  'port missing, no fallback': { error: "inbound a doesn't have port" },
  'no protocol key': { error: "inbound a doesn't have a protocol" },
};

describe('an inbound is resolved as by Marzban', () => {
  it.each(rows)('$name', ({ name, inbound, others = [], fallbacksTag = '', resolved, error }) => {
    const departure = departures[name];
    const wanted =
      departure && 'error' in departure ? String(departure.error) : departure ? undefined : error;
    if (wanted !== undefined) return expect(() => resolve(inbound, others, fallbacksTag)).toThrow(wanted);
    const [result] = resolve(inbound, others, fallbacksTag);
    if (resolved === null) return expect(result).toBeUndefined();
    expect(asRecorded(result!)).toEqual({ ...(resolved && hostsAsList(resolved)), ...departure });
  });
});

describe('an inbound', () => {
  it.each([
    ['method', { method: 'ws', network: 'tcp', wsSettings: { path: '/m' } }, { network: 'ws', path: '/m' }],
    ['websocket', { network: 'websocket', wsSettings: { path: '/w' } }, { network: 'websocket', path: '/w' }],
    ['mkcp', { network: 'mkcp', kcpSettings: { seed: 's' } }, { network: 'mkcp', path: 's' }],
    [
      'splithttp',
      { network: 'splithttp', xhttpSettings: { path: '/x' } },
      { network: 'splithttp', path: '/x' },
    ],
    ['either settings', { network: 'xhttp', splithttpSettings: { path: '/s' } }, { path: '/s' }],
    [
      'the newer settings of two',
      { network: 'tcp', rawSettings: { header: { type: 'http' } }, tcpSettings: {} },
      { headerType: 'http' },
    ],
  ])('may name its transport as newer cores do: %s', (_, streamSettings, expected) => {
    expect(resolve({ ...vmess, streamSettings })[0]).toMatchObject(expected);
  });

  it('takes the xhttp fields from `extra`, as the core does', () => {
    const [result] = resolve({
      ...vmess,
      streamSettings: {
        network: 'xhttp',
        xhttpSettings: {
          path: '/p',
          mode: 'packet-up',
          xPaddingBytes: 1,
          extra: { xPaddingBytes: '5-10', path: '/no', scMaxEachPostBytes: 7 },
        },
      },
    });
    expect(result).toMatchObject({
      path: '/p',
      xhttp: { mode: 'packet-up', xPaddingBytes: '5-10', scMaxEachPostBytes: 7, scMinPostsIntervalMs: 30 },
    });
  });

  it.each([[1], [65535], ['443'], ['100-200'], ['443,8443'], ['80, 100-200'], ['env:PORT']])(
    'may have the port %j',
    (port) => {
      expect(resolve({ ...vmess, port })[0]?.port).toBe(port);
    },
  );

  it.each([
    [0],
    [65536],
    [-1],
    [1.5],
    [true],
    [[443]],
    [{}],
    [''],
    ['x'],
    ['0'],
    ['1-'],
    ['9-8'],
    ['1,'],
    ['70000'],
  ])('cannot have the port %j', (port) => {
    expect(() => resolve({ ...vmess, port: port as never })).toThrow('port of inbound a is not valid');
  });

  it.each([['/run/a.sock'], ['@a']])('on the socket %s needs no port', (listen) => {
    expect(resolve({ tag: 'a', protocol: 'vmess', listen })[0]?.port).toBe(0);
  });

  it.each([[null], [undefined]])('elsewhere cannot do without: %s', (port) => {
    expect(() => resolve({ tag: 'a', protocol: 'vmess', port })).toThrow("inbound a doesn't have port");
  });

  it('is left out when its tag is excluded, whatever is wrong with it', () => {
    const config = parseCoreConfig(
      text([
        { tag: 'a', protocol: 'vmess' },
        { ...vmess, tag: 'b' },
      ]),
    );
    const options = { excludeTags: ['a'], fallbacksTag: '', readCertificate: () => '' };
    expect(resolveInbounds(config, options).map(({ tag }) => tag)).toEqual(['b']);
  });

  it.each([
    ['wrong length', 'c2hvcnQ'],
    ['wrong alphabet', 'XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC/LJ/+I4Os='],
    ['padding', 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os='],
  ])('cannot have a REALITY key of %s', (_, privateKey) => {
    expect(() => reality({ privateKey, shortIds: [''] })).toThrow(
      'privateKey in realitySettings of a is not valid',
    );
  });

  it('computes the REALITY public key (vector of RFC 7748)', () => {
    expect(
      reality({ privateKey: 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os', shortIds: [''] }),
    ).toMatchObject({
      pbk: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08',
      sids: [''],
    });
  });

  it('takes `password` for the public key, as newer cores call it', () => {
    expect(reality({ password: 'PUB', shortIds: ['a'] })).toMatchObject({ pbk: 'PUB' });
  });

  it.each(['PUB', '', null, 5, `${'A'.repeat(42)}=`])(
    'has the REALITY key of its private one, not %j',
    (publicKey) => {
      const privateKey = 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os';
      const pbk = '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08';
      expect(reality({ publicKey, privateKey, shortIds: ['a'] })).toMatchObject({ pbk });
      expect(reality({ publicKey: pbk, privateKey: 'A'.repeat(43), shortIds: ['a'] })).toMatchObject({ pbk });
    },
  );

  it('cannot have a certificate that is none', () => {
    const tlsSettings = { certificates: [{ certificate: ['no PEM'] }] };
    expect(() => resolve({ ...vmess, streamSettings: { security: 'tls', tlsSettings } })).toThrow(
      /^Unable to load a certificate of a: /,
    );
  });

  it('knows its shadowsocks method and key', () => {
    const settings = { method: '2022-blake3-aes-128-gcm', password: 'S2V5' };
    expect(resolve({ tag: 'a', protocol: 'shadowsocks', port: 1, settings })[0]).toMatchObject({
      shadowsocksMethod: '2022-blake3-aes-128-gcm',
      shadowsocksServerKey: 'S2V5',
    });
  });

  it('is left to the operator when its method knows no users', () => {
    const settings = { method: '2022-blake3-chacha20-poly1305', password: 'S2V5' };
    expect(resolve({ tag: 'a', protocol: 'shadowsocks', port: 1, settings })).toEqual([]);
  });
});

const vmess = { tag: 'a', protocol: 'vmess', port: 1 };

function resolve(inbound: JsonObject, others: JsonObject[] = [], fallbacksTag = ''): ResolvedInbound[] {
  const config = parseCoreConfig(text([inbound, ...others]));
  const readCertificate = (path: string): string => readFileSync(path, 'utf8');
  return resolveInbounds(config, { excludeTags: [], fallbacksTag, readCertificate });
}

function reality(realitySettings: JsonObject): ResolvedInbound | undefined {
  return resolve({ ...vmess, streamSettings: { security: 'reality', realitySettings } })[0];
}

function text(inbounds: JsonObject[]): string {
  return JSON.stringify({ inbounds, outbounds: [{ tag: 'out', protocol: 'freedom' }] });
}

/** Our names as the predecessor's. */
function asRecorded(inbound: ResolvedInbound): JsonObject {
  const { headerType, isFallback, xhttp, ...rest } = inbound;
  // The predecessor had none of these.
  const { shadowsocksMethod, shadowsocksServerKey, defaultFlow, selfSigned, alpn, ...same } = rest;
  return { ...same, header_type: headerType, is_fallback: isFallback, ...xhttp } as unknown as JsonObject;
}

/** The predecessor kept some hosts as bare text, and an empty text for none. */
function hostsAsList(recorded: JsonObject): JsonObject {
  const host = [recorded.host].flat().filter((name) => name !== '');
  return { ...recorded, host } as JsonObject;
}
