import { readFileSync } from 'node:fs';
import type { Certificate } from '../../support/certificates.js';
import { freePorts } from './free-ports.js';

/** One entry of a subscription, as the server and its host make it. */
export interface TrafficEntry {
  /** The remark of its host. */
  name: string;
  /** For shadowsocks with the method. */
  protocol: string;
  transport: string;
  security: string;
}

/** What the server has for TLS and REALITY. */
export interface ServerKeys {
  /** The name that clients ask for. */
  name: string;
  /** For it, by an authority that the clients trust. */
  trusted: Certificate;
  /** For it, by one they do not know. */
  unknown: Certificate;
  /** For it, by itself. */
  selfSigned: Certificate;
  reality: { privateKey: string; target: string };
}

type Settings = Record<string, unknown>;
/** `tlsSettings` and `realitySettings` of a stream are added to those with the keys. */
type Row = [transport: string, security: string, stream: Settings, inbound?: Settings, host?: Settings];

const FRONT = 'front.test';
const { keys: ECH_KEYS } = JSON.parse(
  readFileSync(new URL('../../golden/core/ech.json', import.meta.url), 'utf8'),
) as { keys: string };
const header = { type: 'http', request: { path: ['/header'], headers: { Host: [FRONT] } } };
const tcp = { network: 'tcp' };
const httpHeader = { network: 'tcp', tcpSettings: { header } };
const ws = { network: 'ws', wsSettings: { path: '/ws', host: FRONT } };
const httpupgrade = { network: 'httpupgrade', httpupgradeSettings: { path: '/upgrade', host: FRONT } };
const grpc = (multiMode: boolean, serviceName = 'service') => ({
  network: 'grpc',
  grpcSettings: { serviceName, multiMode },
});
const xhttp = (settings: Settings = {}) => ({
  network: 'xhttp',
  xhttpSettings: { path: '/xhttp', host: FRONT, ...settings },
});
/** With a certificate that the client has no reason to trust: told to take it, and not. */
const UNCHECKED = 'tls unchecked';
/** By an authority all the same, so a client that checks is fine. */
const UNCHECKED_TRUSTED = 'tls unchecked by an authority';
export const STRANGER = 'tls by a stranger';
const vision = { flow: 'xtls-rprx-vision' };
/** VLESS that encrypts by itself, with that many bytes of a private key. */
export const ENCRYPTED = 'encrypted';
const encrypted = (head: string, ...bytes: number[]) => ({
  decryption: [
    `mlkem768x25519plus.${head}`,
    ...bytes.map((n) => Buffer.alloc(n, 7).toString('base64url')),
  ].join('.'),
});

const masked = (network: string, masks: Settings) => ({ network, finalmask: masks });
const PADDED = {
  xPaddingObfsMode: true,
  xPaddingKey: '_dc',
  xPaddingHeader: 'X-Cache',
  xPaddingPlacement: 'queryInHeader',
  xPaddingMethod: 'tokenish',
};
/** Settings of XHTTP that only cores have which are newer than the mihomo at hand. */
export const SHARED = 'shared settings';
export const MASKED = 'masked';
export const H3 = 'tls with HTTP/3 only';
export const OTHER_NAME = 'tls by another name';
export const NEW_CLIENTS = 'reality for new clients';

/** Each protocol over each transport that Xray serves, with each security that Xray has for it. */
const EVERY: Row[] = [
  ...(['none', 'tls'] as const).flatMap((security): Row[] => [
    ['tcp', security, tcp],
    ['tcp with http header', security, httpHeader],
    ['ws', security, ws],
    ['grpc gun', security, grpc(false)],
    ['grpc multi', security, grpc(true)],
    ['httpupgrade', security, httpupgrade],
    ['xhttp', security, xhttp()],
    ['kcp', security, { network: 'kcp' }],
  ]),
  ['tcp', 'reality', tcp],
  ['tcp with http header', 'reality', httpHeader],
  ['grpc gun', 'reality', grpc(false)],
  ['grpc multi', 'reality', grpc(true)],
  ['xhttp', 'reality', { network: 'xhttp', xhttpSettings: { path: '/xhttp' } }],
];

const asChrome = { fingerprint: 'chrome' };
const anyVersion = { alpn: 'h2,http/1.1' };

/** What does not depend on the protocol, so that one of them is enough. */
const VLESS_ONLY: Row[] = [
  ['raw', 'none', { network: 'raw' }],
  ['raw with vision', 'tls', { network: 'raw' }, vision],
  ['raw with vision', 'reality', { network: 'raw' }, vision],
  [`raw ${ENCRYPTED} by X25519`, 'none', { network: 'raw' }, encrypted('native.600s', 32)],
  [`raw ${ENCRYPTED} by ML-KEM`, 'none', { network: 'raw' }, encrypted('xorpub.0s.100-111-1111', 64)],
  [`ws ${ENCRYPTED} by both`, 'none', ws, encrypted('random.300-600s', 32, 64)],
  ['ws with early data', 'none', { network: 'ws', wsSettings: { path: '/early?ed=2048' } }],
  ['grpc gun with a long name', 'tls', grpc(false, 'guns & röses')],
  ['grpc multi with a long name', 'tls', grpc(true, 'guns & röses')],
  ['grpc gun on a path of Tun', 'tls', grpc(false, '/own/path/Tun|multi')],
  ['grpc gun on a path', 'tls', grpc(false, '/own/path|multi')],
  ['grpc multi on a path', 'tls', grpc(true, '/own/path|multi')],
  ['splithttp', 'tls', { network: 'splithttp', splithttpSettings: { path: '/split', host: FRONT } }],
  ['xhttp packet-up', 'tls', xhttp({ mode: 'packet-up' })],
  ['xhttp stream-up', 'tls', xhttp({ mode: 'stream-up' })],
  ['xhttp stream-one', 'tls', xhttp({ mode: 'stream-one' })],
  [
    'xhttp with extra',
    'tls',
    xhttp({
      mode: 'packet-up',
      extra: { xPaddingBytes: '200-300', scMaxEachPostBytes: '100000-200000', headers: { 'X-Test': 'a, b' } },
    }),
  ],
  ...[
    ['tls as chrome', asChrome],
    ['tls with alpn', anyVersion],
    ['tls as chrome with alpn', { ...asChrome, ...anyVersion }],
    [UNCHECKED, { allowinsecure: true }],
  ].flatMap(([security, host]): Row[] =>
    [
      ['tcp', tcp] as const,
      ['ws', ws] as const,
      ['grpc gun', grpc(false)] as const,
      ['httpupgrade', httpupgrade] as const,
      ['xhttp', xhttp()] as const,
    ].map(([transport, stream]) => [transport, security as string, stream, {}, host as Settings]),
  ),
  ['tcp', STRANGER, tcp],
  ['tcp', UNCHECKED_TRUSTED, tcp, {}, { allowinsecure: true }],
  [
    'WS of the core in capitals',
    'none',
    { NETWORK: 'WS', WSSETTINGS: { PATH: '/ws', headers: { host: FRONT } } },
  ],
  [`xhttp with ${SHARED}: padding`, 'none', xhttp({ mode: 'packet-up', ...PADDED })],
  [`xhttp with ${SHARED}: padding in extra`, 'none', xhttp({ mode: 'packet-up', extra: PADDED })],
  [
    `xhttp with ${SHARED}: session`,
    'none',
    xhttp({
      mode: 'packet-up',
      sessionPlacement: 'query',
      sessionKey: 's',
      seqPlacement: 'header',
      seqKey: 'n',
    }),
  ],
  [
    `xhttp with ${SHARED}: uplink`,
    'none',
    xhttp({
      mode: 'packet-up',
      uplinkDataPlacement: 'header',
      uplinkDataKey: 'x-d',
      uplinkChunkSize: '512-1024',
    }),
  ],
  ['xhttp', H3, xhttp({ mode: 'packet-up' })],
  ['xhttp with early data', 'none', xhttp({ path: '/xhttp?ed=2048' })],
  [
    `kcp ${MASKED}`,
    'none',
    masked('kcp', { udp: [{ type: 'mkcp-aes128gcm', settings: { password: 'seed' } }] }),
  ],
  [
    `kcp ${MASKED} as SRTP`,
    'none',
    masked('kcp', { udp: [{ type: 'header-srtp' }, { type: 'mkcp-original', settings: {} }] }),
  ],
  [`tcp ${MASKED}`, 'tls', masked('tcp', { tcp: [{ type: 'sudoku', settings: { password: 'ü &"' } }] })],
  [
    'tcp in fragments',
    'tls',
    masked('tcp', {
      tcp: [{ type: 'fragment', settings: { packets: '1-3', length: '50-100', delay: '1' } }],
    }),
  ],
  ['tcp', 'tls with ECH', { ...tcp, tlsSettings: { echServerKeys: ECH_KEYS } }],
  ['ws', 'tls with ECH', { ...ws, tlsSettings: { echServerKeys: ECH_KEYS } }, {}, asChrome],
  ['tcp', OTHER_NAME, tcp, {}, { sni: 'front.test' }],
  ['tcp', 'reality as firefox', { ...tcp, realitySettings: { fingerprint: 'firefox' } }],
  ['tcp', 'reality as rare', { ...tcp, realitySettings: { fingerprint: 'hellochrome_120' } }],
  [
    'tcp',
    'reality with ML-DSA-65',
    { ...tcp, realitySettings: { mldsa65Seed: Buffer.alloc(32, 7).toString('base64url') } },
  ],
  ['tcp', NEW_CLIENTS, { ...tcp, realitySettings: { minClientVer: '25.1.1' } }],
  ['grpc gun without a name', 'tls', grpc(false, '')],
  ['grpc gun on a path of one name', 'tls', grpc(false, '/gun|multi')],
  ['grpc multi on a path of one name', 'tls', grpc(true, '/gun|multi')],
  ['raw with vision and mux', 'tls', { network: 'raw' }, vision, { mux_enable: true }],
  ['xhttp with mux', 'tls', xhttp(), {}, { mux_enable: true }],
  ['ws with mux and fragment', 'tls', ws, {}, { mux_enable: true, fragment_setting: '10-20,1-2,tlshello' }],
  ['grpc gun with a random agent', 'tls', grpc(false), {}, { random_user_agent: true }],
  ['ws with a random agent', 'tls', ws, {}, { random_user_agent: true }],
];

/** What links of VMess tell in another way. */
const VMESS_ONLY: Row[] = [
  ['ws', UNCHECKED, ws, {}, { allowinsecure: true }],
  ['ws', 'tls with ECH', { ...ws, tlsSettings: { echServerKeys: ECH_KEYS } }],
  [`tcp ${MASKED}`, 'tls', masked('tcp', { tcp: [{ type: 'sudoku', settings: { password: 'ü &"' } }] })],
  ['tcp with http header and early data', 'none', httpHeader, {}, { path: '/header?ed=2048' }],
];

/** The users' methods on the inbound for all classic ones: each user has one, and is named after it. */
export const METHODS_BY_USER = {
  chacha20_poly1305: 'chacha20-ietf-poly1305',
  aes_128_gcm: 'aes-128-gcm',
  aes_256_gcm: 'aes-256-gcm',
};
const SHADOWSOCKS: [method: string, ...Row][] = [
  [' {USERNAME}', 'tcp', 'none', {}],
  ...[['2022-blake3-aes-128-gcm', 16] as const, ['2022-blake3-aes-256-gcm', 32] as const].map(
    ([method, bytes]): [string, ...Row] => [
      ` ${method}`,
      'tcp',
      'none',
      {},
      { method, password: Buffer.alloc(bytes, 7).toString('base64') },
    ],
  ),
  ['', 'ws', 'tls', ws], // for the user with everything
];

const WANTED = [
  ...['vmess', 'vless', 'trojan'].flatMap((protocol) => EVERY.map((row) => ({ protocol, row }))),
  ...VLESS_ONLY.map((row) => ({ protocol: 'vless', row })),
  ...VMESS_ONLY.map((row) => ({ protocol: 'vmess', row })),
  ...SHADOWSOCKS.map(([method, ...row]) => ({ protocol: `shadowsocks${method}`, row })),
].map(({ protocol, row }) => ({ name: [protocol, row[0], row[1]].join(' '), protocol, row }));

/** The entries of all users. */
export const TRAFFIC_ENTRIES: TrafficEntry[] = WANTED.flatMap(({ name, protocol, row }) => {
  const users = name.includes('{USERNAME}') ? Object.keys(METHODS_BY_USER) : [''];
  return users.map((user) => ({
    name: name.replace('{USERNAME}', user),
    protocol: protocol.replace('{USERNAME}', user),
    transport: row[0],
    security: row[1],
  }));
});

/** The inbounds of the server and the host of each, by tag. */
export async function trafficInbounds(
  keys: ServerKeys,
): Promise<{ inbounds: Settings[]; hosts: Record<string, Settings[]> }> {
  const ports = await freePorts(WANTED.length);
  const inbounds = WANTED.map(({ name, protocol, row: [, security, stream, settings] }, i) => ({
    tag: name,
    listen: '127.0.0.1',
    port: ports[i],
    protocol: protocol.split(' ')[0],
    settings: { clients: [], decryption: 'none', ...settings },
    streamSettings: { ...stream, ...securityOf(security, keys, stream) },
  }));
  const hosts = WANTED.map(({ name, row: [, security, , , host] }) => {
    const sni = security === 'none' ? {} : { sni: keys.name };
    return [name, [{ remark: name, address: '127.0.0.1', ...sni, ...host }]];
  });
  return { inbounds, hosts: Object.fromEntries(hosts) as Record<string, Settings[]> };
}

function securityOf(security: string, keys: ServerKeys, stream: Settings): Settings {
  if (security === 'none') return {};
  const { name, trusted, unknown, selfSigned, reality } = keys;
  if (security.startsWith('reality')) {
    const { privateKey, target } = reality;
    const common = { target, serverNames: [name], privateKey, shortIds: ['0123456789abcdef'] };
    return { security: 'reality', realitySettings: { ...common, ...(stream.realitySettings as Settings) } };
  }
  const { certificate, key } = { [UNCHECKED]: selfSigned, [STRANGER]: unknown }[security] ?? trusted;
  return {
    security: 'tls',
    tlsSettings: {
      certificates: [{ certificate: certificate.split('\n'), key: key.split('\n') }],
      ...(security === H3 && { alpn: ['h3'] }),
      ...(security === OTHER_NAME && { verifyPeerCertByName: name }),
      ...(stream.tlsSettings as Settings),
    },
  };
}
