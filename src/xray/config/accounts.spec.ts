import { describe, expect, it } from 'vitest';
import { accountFor, accountsOf, type CoreUser, type ResolvedInbound, shadowsocks2022Key } from './index.js';

const ID = '0f9a3c11-2b7e-4d52-9c44-1f2e3d4c5b6a';
const VISION = 'xtls-rprx-vision';

describe('the account of a user', () => {
  it.each([
    ['vmess', { type: 'vmess', id: ID }],
    ['vless', { type: 'vless', id: ID, flow: '' }],
    ['trojan', { type: 'trojan', password: 'trojan secret' }],
    ['shadowsocks', { type: 'shadowsocks', password: 'ss secret', method: 'aes-128-gcm' }],
  ] as const)('on %s', (protocol, account) => {
    expect(accountFor(user(), inbound({ protocol }))).toEqual({ email: '7.alice', ...account });
  });

  it('is absent without a proxy of the protocol', () => {
    expect(accountFor(user({ proxies: {} }), inbound({ protocol: 'vmess' }))).toBeNull();
  });

  it('is absent where the user is excluded, and only there', () => {
    const excluded = user({ excludedInbounds: { vless: ['b'], vmess: ['a'] } });
    const inbounds = ['a', 'b', 'c'].map((tag) => inbound({ protocol: 'vless', tag }));
    expect([...accountsOf(excluded, inbounds).keys()]).toEqual(['a', 'c']);
  });

  it.each([
    ['tcp', 'tls', '', VISION],
    ['raw', 'tls', '', VISION],
    ['RAW', 'tls', '', VISION],
    ['tcp', 'reality', '', VISION],
    ['tcp', 'reality', 'none', VISION],
    ['kcp', 'tls', '', VISION],
    ['mkcp', 'tls', '', VISION],
    ['ws', 'tls', '', ''],
    ['grpc', 'reality', '', ''],
    ['xhttp', 'reality', '', ''],
    ['tcp', 'none', '', ''],
    ['tcp', 'tls', 'http', ''],
  ] as const)('on vless over %s with %s and header %j has the flow %j', (network, tls, headerType, flow) => {
    const account = accountFor(
      user({ flow: VISION }),
      inbound({ protocol: 'vless', network, tls, headerType }),
    );
    expect(account).toMatchObject({ flow });
  });

  it('has the flow of the inbound when the user has none', () => {
    expect(
      accountFor(user(), inbound({ protocol: 'vless', tls: 'reality', defaultFlow: VISION })),
    ).toMatchObject({
      flow: VISION,
    });
  });

  it('never has a flow on trojan', () => {
    const account = accountFor(user({ flow: VISION }), inbound({ protocol: 'trojan', tls: 'tls' }));
    expect(account).not.toHaveProperty('flow');
  });

  it.each([
    ['upper case', ID.toUpperCase()],
    ['no hyphens', ID.replaceAll('-', '')],
    ['braces', `{${ID}}`],
    ['a URN', `urn:uuid:${ID}`],
  ])('has the id as cores print it: from %s', (_, id) => {
    expect(accountFor(user({ proxies: { vmess: { id } } }), inbound({ protocol: 'vmess' }))).toMatchObject({
      id: ID,
    });
  });

  it.each([
    ['vmess', { vmess: { id: 'bob' } }],
    ['vless', { vless: { id: '', flow: '' } }],
    ['shadowsocks', { shadowsocks: { password: '', method: 'aes-128-gcm' } }],
  ] as const)('is absent when Xray would refuse it: %s', (protocol, proxies) => {
    expect(accountFor(user({ proxies }), inbound({ protocol }))).toBeNull();
  });

  it('is a key on a shadowsocks 2022 inbound', () => {
    const shadowsocksMethod = '2022-blake3-aes-128-gcm';
    expect(accountFor(user(), inbound({ protocol: 'shadowsocks', shadowsocksMethod }))).toEqual({
      type: 'shadowsocks_2022',
      email: '7.alice',
      key: shadowsocks2022Key('ss secret', shadowsocksMethod),
    });
  });
});

describe('a shadowsocks 2022 key', () => {
  const short = Buffer.alloc(16, 7).toString('base64');
  const long = Buffer.alloc(32, 7).toString('base64');
  // SHA-256('secret') = 2bb80d537b1da3e38bd30361aa855686 bde0eacd7162fef6a25fe97bf527a25b
  const derived = Buffer.from('2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'hex');

  it.each([
    ['is the password when that is a key', short, '2022-blake3-aes-128-gcm', short],
    ['is the password when that is a long key', long, '2022-blake3-aes-256-gcm', long],
    [
      'is derived from other text',
      'secret',
      '2022-blake3-aes-128-gcm',
      derived.subarray(0, 16).toString('base64'),
    ],
    ['is derived from other text, long', 'secret', '2022-blake3-aes-256-gcm', derived.toString('base64')],
  ])('%s', (_, password, method, key) => {
    expect(shadowsocks2022Key(password, method)).toBe(key);
  });

  it.each([
    ['of another length', long, '2022-blake3-aes-128-gcm', 16],
    ['without its padding', short.replaceAll('=', ''), '2022-blake3-aes-128-gcm', 16],
    ['of two lengths', short, '2022-blake3-aes-256-gcm', 32],
  ])('is never the password when that is a key %s', (_, password, method, bytes) => {
    const key = shadowsocks2022Key(password, method);
    expect(key).not.toBe(password);
    expect(Buffer.from(key, 'base64')).toHaveLength(bytes);
  });
});

function user({
  flow = '' as '' | typeof VISION,
  ...changes
}: Partial<CoreUser> & { flow?: '' | typeof VISION } = {}): CoreUser {
  return {
    id: 7,
    username: 'alice',
    proxies: {
      vmess: { id: ID },
      vless: { id: ID, flow },
      trojan: { password: 'trojan secret', flow },
      shadowsocks: { password: 'ss secret', method: 'aes-128-gcm' },
    },
    excludedInbounds: {},
    ...changes,
  };
}

function inbound(changes: Partial<ResolvedInbound>): ResolvedInbound {
  return {
    tag: 'in',
    protocol: 'vless',
    port: 443,
    network: 'tcp',
    tls: 'none',
    sni: [],
    host: [],
    path: '',
    headerType: '',
    isFallback: false,
    shadowsocksMethod: null,
    defaultFlow: '',
    ...changes,
  };
}
