import { expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  first,
  newHost,
  newInbound,
  newSubscriber,
  now,
  surroundings,
} from '../../test/support/client-configs.js';
import type { JsonObject, ResolvedInbound } from '../xray/config/types.js';
import {
  compileEntries,
  compileShareLinks,
  DEFAULT_TEMPLATES,
  type DocumentFormat,
  externalEntries,
  type Host,
  writeDocument,
} from './index.js';

const KEY = '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08';
const XHTTP: ResolvedInbound['xhttp'] = {
  scMaxEachPostBytes: 7,
  scMaxConcurrentPosts: 100,
  scMinPostsIntervalMs: 30,
  xPaddingBytes: '100-1000',
  xmux: {},
  mode: 'packet-up',
  noGRPCHeader: true,
  keepAlivePeriod: 0,
  extra: { xPaddingBytes: '5-6' },
};
const FORMATS: DocumentFormat[] = ['v2ray-json', 'clash-meta', 'sing-box', 'outline'];

/** The documents of the host's entry, and those of somebody else who has its link only. */
function bothWays(inbound: Partial<ResolvedInbound>, host: Partial<Host> = {}): [string[], string[]] {
  const published = { inbounds: [newInbound(inbound)], hostsByTag: new Map([['A', [newHost(host)]]]) };
  const [link] = compileShareLinks(published, surroundings)(newSubscriber(), now, first);
  const none = { inbounds: [], hostsByTag: new Map() };
  const draws = [
    compileEntries(published, surroundings),
    compileEntries(none, { ...surroundings, externalConfig: link! }),
  ];
  return draws.map((draw) => {
    const entries = draw(newSubscriber(), now, first);
    return FORMATS.map((format) => writeDocument(format, entries, DEFAULT_TEMPLATES, first));
  }) as [string[], string[]];
}

it.each<[string, Partial<ResolvedInbound>, Partial<Host>?]>([
  ['vless', { defaultFlow: 'xtls-rprx-vision', tls: 'tls' }, { sni: ['a.test'], alpn: 'h2,http/1.1' }],
  ['vless over WebSocket', { network: 'ws', path: '/a?ed=5', host: ['h.test'] }],
  ['vless over gRPC', { network: 'grpc', path: 'a b', multiMode: true, tls: 'tls' }, { fingerprint: 'edge' }],
  [
    'vless with REALITY',
    { tls: 'reality', pbk: KEY, sids: ['ab12'], spx: '/s', fp: 'chrome', sni: ['a.test'] },
  ],
  [
    'vless with a mask',
    { finalmask: { tcp: [{ type: 'sudoku' }] }, tls: 'tls', ech: 'AAAA', verifyNames: ['b'] },
  ],
  [
    'vmess',
    { protocol: 'vmess', network: 'ws', path: '/a', tls: 'tls' },
    { sni: ['a.test'], remark: 'ü "r"' },
  ],
  ['vmess over HTTP', { protocol: 'vmess', headerType: 'http', path: '/a', host: ['h.test'] }],
  ['trojan', { protocol: 'trojan', tls: 'tls', path: '' }, { allowInsecure: true, address: ['2001:db8::1'] }],
  ['Shadowsocks', { protocol: 'shadowsocks' }, { remark: 'a/b #c' }],
])('a link of %s is the entry that it was made of', (_, inbound, host) => {
  const [own, external] = bothWays(inbound, host);
  expect(external).toEqual(own);
});

it('a link of XHTTP has its settings', () => {
  const [[xray, clash], [xrayOfLink, clashOfLink]] = bothWays({ network: 'xhttp', xhttp: XHTTP, path: '/x' });
  expect([xrayOfLink, clashOfLink]).toEqual([xray, clash]);
});

it('comes after the own entries, with a name of its own, and once in the list of links', () => {
  const externalConfig = `vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@other.test:443?security=tls&sni=other.test#r`;
  const published = { inbounds: [newInbound()], hostsByTag: new Map([['A', [newHost()]]]) };
  const around = { ...surroundings, externalConfig };
  const entries = compileEntries(published, around)(newSubscriber(), now, first);
  const { proxies } = parse(writeDocument('clash-meta', entries, DEFAULT_TEMPLATES, first)) as {
    proxies: JsonObject[];
  };
  expect(proxies.map(({ name, server }) => [name, server])).toEqual([
    ['r', 'srv.example.com'],
    ['r (2)', 'other.test'],
  ]);
  expect(compileShareLinks(published, around)(newSubscriber(), now, first).at(-1)).toBe(externalConfig);
});

it.each([
  'hysteria2://password@a.test:443#r',
  'vless://no-uuid@a.test:443',
  'vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@a.test:0',
  'vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@a.test',
  'vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@a.test:443?security=reality&pbk=x',
  'vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@a.test:443?type=pigeon',
  'vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@a.test:443?fm=5',
  'vless://35e4e39c-7d5c-4f4b-8b71-558e4f37ff53@a.test:443#%zz',
  'vmess://bm90aGluZw==',
  'ss://cmM0OnB3@a.test:443',
  'ss://YWVzLTI1Ni1nY206cHc=@a.test:443?plugin=obfs-local',
  'free text',
])('%s is in lists of links only', (text) => {
  const { entries, unread } = externalEntries(text);
  expect(entries).toEqual([]);
  expect(unread).toEqual(text.split(' '));
});

it('several links, one in each line, are several entries', () => {
  const link = 'ss://YWVzLTI1Ni1nY206cHc@a.test:443';
  const { entries, unread } = externalEntries(`${link}#a\n${link}#b\nx`);
  expect([entries.map(({ remark }) => remark), unread]).toEqual([['a', 'b'], ['x']]);
});
