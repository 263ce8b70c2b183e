import { expect, it } from 'vitest';
import { type JsonObject, parseCoreConfig, resolveInbounds, unmanagedInbounds } from './index.js';
import { canonicalSpelling } from './spelling.js';

const options = { excludeTags: [], fallbacksTag: '', readCertificate: () => '' };

function resolved(inbound: JsonObject) {
  const config = { inbounds: [{ tag: 'in', port: 1, ...inbound }], outbounds: [{ tag: 'out' }] };
  return resolveInbounds(parseCoreConfig(JSON.stringify(config)), options)[0];
}

it.each<[string, JsonObject, object]>([
  [
    'httpUpgrade',
    { network: 'httpUpgrade', httpupgradeSettings: { path: '/p' } },
    { network: 'httpupgrade', path: '/p' },
  ],
  ['GRPC', { network: 'GRPC', grpcSettings: { serviceName: 'p' } }, { network: 'grpc', path: 'p' }],
  ['WS', { network: 'WS', wsSettings: { path: '/p' } }, { network: 'ws', path: '/p' }],
  ['wssettings', { network: 'ws', wssettings: { Path: '/p' } }, { path: '/p' }],
  [
    'a host header in lower case',
    { network: 'ws', wsSettings: { path: '/p', headers: { host: 'h.example.com' } } },
    { host: ['h.example.com'] },
  ],
  [
    'an HTTP header',
    { TCPSettings: { Header: { type: 'HTTP', Request: { PATH: ['/p'], headers: { hOST: ['h'] } } } } },
    { headerType: 'http', path: '/p', host: ['h'] },
  ],
  [
    'REALITY',
    {
      Security: 'Reality',
      realitysettings: { PrivateKey: 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os', shortids: [''] },
    },
    { tls: 'reality', pbk: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08' },
  ],
  ['the newer name', { METHOD: 'XHTTP', xhttpSettings: { PATH: '/p' } }, { network: 'xhttp', path: '/p' }],
])('an inbound has %s in any case', (_, streamSettings, expected) => {
  expect(resolved({ protocol: 'vless', streamSettings })).toMatchObject(expected);
});

it('a protocol may be in any case', () => {
  expect(resolved({ Protocol: 'VMess' })).toMatchObject({ protocol: 'vmess' });
});

it('the names of what the panel adds to a config become one', () => {
  const spelling = canonicalSpelling({
    LOG: { logLevel: 'none' },
    Policy: {
      LEVELS: { '0': { StatsUserUplink: false, handshake: 4 } },
      System: { statsinbounduplink: true },
    },
    Inbounds: [{ TAG: 'in', Settings: { Clients: [{ Email: 'a', ID: 'b' }] } }],
  });
  expect(spelling).toEqual({
    log: { loglevel: 'none' },
    policy: {
      levels: { '0': { statsUserUplink: false, handshake: 4 } },
      system: { statsInboundUplink: true },
    },
    inbounds: [{ tag: 'in', settings: { clients: [{ email: 'a', id: 'b' }] } }],
  });
});

it('of a name in two cases the later counts, and objects are joined', () => {
  const settings = { wsSettings: { path: '/a', host: 'a' }, WSSETTINGS: { Path: '/b' } };
  expect(resolved({ protocol: 'vmess', streamSettings: { network: 'ws', ...settings } })).toMatchObject({
    path: '/b',
    host: ['a'],
  });
});

it('keys of the operator stay as they are', () => {
  const headers = { HOST: 'a', Path: 'b', __proto__x: 'c' };
  const own = {
    inbounds: [{ tag: 'in', streamSettings: { wsSettings: { headers }, custom: { PATH: 1 } } }],
    Unknown: { Tag: 'x' },
  };
  expect(canonicalSpelling(own)).toEqual(own);
  const text = '{"__proto__": {"inbounds": 1}, "inbounds": []}';
  expect(JSON.stringify(canonicalSpelling(JSON.parse(text) as JsonObject))).toBe(
    JSON.stringify(JSON.parse(text)),
  );
});

it('every inbound that is left alone has a reason', () => {
  const config = parseCoreConfig(
    JSON.stringify({
      inbounds: [
        { tag: 'a', protocol: 'VLess', port: 1 },
        { tag: 'b', protocol: 'Dokodemo-Door', port: 2 },
        { tag: 'c', protocol: 'vmess', port: 3 },
        {
          tag: 'd',
          protocol: 'shadowsocks',
          port: 4,
          settings: { method: '2022-blake3-chacha20-poly1305' },
        },
      ],
      outbounds: [{ tag: 'out' }],
    }),
  );
  const excluding = { ...options, excludeTags: ['c'] };
  expect(resolveInbounds(config, excluding).map(({ tag }) => tag)).toEqual(['a']);
  expect(unmanagedInbounds(config, excluding)).toEqual([
    { tag: 'b', reason: 'dokodemo-door has no users of the panel' },
    { tag: 'c', reason: 'XRAY_EXCLUDE_INBOUND_TAGS names it' },
    { tag: 'd', reason: '2022-blake3-chacha20-poly1305 knows a single user only' },
  ]);
});
