import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  first,
  newHost,
  newInbound,
  newSubscriber,
  now,
  surroundings,
} from '../../test/support/client-configs.js';
import type { ResolvedInbound } from '../xray/config/types.js';
import { compileShareLinks, type Dice, type Host, unusableHosts } from './index.js';

function publish(inbound: Partial<ResolvedInbound>, hosts: Partial<Host>[]) {
  const resolved = newInbound(inbound);
  return { inbounds: [resolved], hostsByTag: new Map([[resolved.tag, hosts.map((host) => newHost(host))]]) };
}

/** The link of one host of one inbound. */
function linkOf(
  inbound: Partial<ResolvedInbound>,
  host: Partial<Host> = {},
  user = newSubscriber(),
  dice = first,
) {
  return compileShareLinks(publish(inbound, [host]), surroundings)(user, now, dice)[0]!;
}

function parameter(link: string, name: string): string | null {
  return new URL(link).searchParams.get(name);
}

/** Dice that show what was asked of them. */
function countingDice(): Dice & { picks: number[]; salts: number } {
  const dice = {
    picks: [] as number[],
    salts: 0,
    pick: (length: number) => {
      dice.picks.push(length);
      return length - 1;
    },
    salt: () => String(++dice.salts).padStart(16, '0'),
  };
  return dice;
}

describe('chance', () => {
  it('is not asked where there is one choice', () => {
    const dice = countingDice();
    linkOf({ tls: 'reality', sids: ['ab'], sni: ['a.example'] }, {}, newSubscriber(), dice);
    expect(dice).toMatchObject({ picks: [], salts: 0 });
  });

  it('draws a short id for each entry', () => {
    const links = compileShareLinks(publish({ tls: 'reality', sids: ['aa', 'bb'] }, [{}, {}]), surroundings);
    const dice = countingDice();
    expect(links(newSubscriber(), now, dice).map((link) => parameter(link, 'sid'))).toEqual(['bb', 'bb']);
    expect(dice.picks).toEqual([2, 2]);
  });

  it('gives address, SNI and host a salt each, the same for all stars of one', () => {
    const link = linkOf(
      { network: 'ws', tls: 'tls' },
      { address: ['*.*.a'], sni: ['*.s'], host: ['*.h'] },
      newSubscriber(),
      countingDice(),
    );
    const { hostname, searchParams } = new URL(link);
    const salts = [
      hostname.split('.')[0],
      searchParams.get('sni')!.split('.')[0],
      searchParams.get('host')!.split('.')[0],
    ];
    expect(hostname.split('.')[1]).toBe(salts[0]);
    expect(new Set(salts).size).toBe(3);
  });

  it('makes the host equal to the SNI that was drawn', () => {
    const host = { sni: ['*.a', '*.b'], useSniAsHost: true };
    const link = linkOf({ network: 'ws', tls: 'tls' }, host, newSubscriber(), countingDice());
    expect(parameter(link, 'host')).toBe(parameter(link, 'sni'));
    expect(parameter(link, 'host')).toBe('0000000000000001.b');
  });

  it.each([
    ['443,8443', '8443'],
    ['100-200', '200'],
    ['100-101, 300', '300'],
  ])('takes one port of %s', (port, last) => {
    expect(new URL(linkOf({ port }, {}, newSubscriber(), countingDice())).port).toBe(last);
  });

  it('does not touch blank members of a list', () => {
    expect(new URL(linkOf({}, { address: ['', ' a.example ', ''] })).hostname).toBe('a.example');
  });
});

describe('a host that no client could use', () => {
  it.each<[string, Partial<ResolvedInbound>, Partial<Host>]>([
    ['a brace in its path', {}, { path: '/{x' }],
    ['an empty placeholder in its path', {}, { path: '/{}' }],
    ['a brace in the path of the inbound', { path: '/a{b' }, {}],
    ['a brace in its remark', {}, { remark: '}' }],
    ['no address', {}, { address: [' '] }],
    ['a port that only the core knows', { port: 'env:PORT' }, {}],
    ['an inbound on a Unix socket', { port: 0 }, {}],
  ])('with %s is left out, and named', (_, inbound, host) => {
    const published = publish(inbound, [host, { path: '/good', port: 1, remark: 'good' }]);
    expect(compileShareLinks(published, surroundings)(newSubscriber(), now, first)).toHaveLength(1);
    expect(unusableHosts(published, surroundings)).toMatchObject([{ tag: 'A' }]);
  });

  it('is each one of an inbound whose decryption is not understood', () => {
    const published = publish({ encryption: null }, [{}, { remark: 'other' }]);
    expect(compileShareLinks(published, surroundings)(newSubscriber(), now, first)).toEqual([]);
    expect(unusableHosts(published, surroundings)).toHaveLength(2);
  });
});

describe('an address', () => {
  it.each([
    ['2001:db8::1', '[2001:db8::1]'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['{SERVER_IPV6}', '[2001:db8::7]'],
    ['{USERNAME}.example.com', 'alice.example.com'],
  ])('%s is dialled as %s', (address, host) => {
    expect(linkOf({}, { address: [address] })).toContain(`@${host}:443?`);
  });

  it('has no brackets in a vmess link, whose clients add none', () => {
    const link = linkOf({ protocol: 'vmess' }, { address: ['{SERVER_IPV6}'] });
    expect(JSON.parse(Buffer.from(link.slice(8), 'base64').toString())).toMatchObject({ add: '2001:db8::7' });
  });
});

describe('the service name of gRPC', () => {
  it.each<[path: string, multiMode: boolean, name: string]>([
    ['plain', false, 'plain'],
    ['plain|x', true, 'plain|x'],
    ['/a/b|c', false, '/a/b'],
    ['/a/b|c', true, '/a/c'],
    ['/a/b', true, '/a/b'],
    ['/a/Tun', false, 'a'],
    ['/a/Tun', true, '/a/Tun'],
    ['/{USERNAME}/b|c', true, '/alice/c'],
  ])('%s (multi %s) is %s for clients', (path, multiMode, name) => {
    expect(parameter(linkOf({ network: 'grpc', path, multiMode }), 'serviceName')).toBe(name);
  });
});

describe('the flow', () => {
  const proxies = {
    vless: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53', flow: 'xtls-rprx-vision' as const },
  };
  const vision = newSubscriber({ proxies });

  it.each<[string, Partial<ResolvedInbound>, Partial<Host>, string | null]>([
    ['over TLS', { tls: 'tls' }, {}, 'xtls-rprx-vision'],
    ['over REALITY', { tls: 'reality' }, {}, 'xtls-rprx-vision'],
    ['without TLS', {}, {}, null],
    ['where the host has no TLS', { tls: 'tls' }, { security: 'none' }, null],
    ['where the host adds TLS', {}, { security: 'tls' }, 'xtls-rprx-vision'],
    ['in a websocket', { tls: 'tls', network: 'ws' }, {}, null],
    ['behind an http header', { tls: 'tls', headerType: 'http' }, {}, null],
  ])('%s', (_, inbound, host, flow) => {
    expect(parameter(linkOf(inbound, host, vision), 'flow')).toBe(flow);
  });

  it('is that of the inbound for a user without one', () => {
    expect(parameter(linkOf({ tls: 'tls', defaultFlow: 'xtls-rprx-vision' }), 'flow')).toBe(
      'xtls-rprx-vision',
    );
  });
});

describe('links', () => {
  it('of shadowsocks 2022 carry the key of the server and of the user', () => {
    const link = linkOf({
      protocol: 'shadowsocks',
      shadowsocksMethod: '2022-blake3-aes-128-gcm',
      shadowsocksServerKey: 'AAAAAAAAAAAAAAAAAAAAAA==',
    });
    const account = Buffer.from(link.slice('ss://'.length, link.indexOf('@')), 'base64').toString();
    expect(account).toMatch(/^2022-blake3-aes-128-gcm:AAAAAAAAAAAAAAAAAAAAAA==:[\w+/]{22}==$/);
  });

  it('pass on the extra object of an xhttp inbound', () => {
    const extra = { headers: { 'X-A': 'b c' }, xPaddingBytes: '1-2', big: 2n ** 60n };
    const xhttp = {
      scMaxEachPostBytes: 1,
      scMaxConcurrentPosts: 2,
      scMinPostsIntervalMs: 3,
      xPaddingBytes: '4',
      xmux: {},
      mode: 'auto',
      noGRPCHeader: false,
      keepAlivePeriod: 0,
      extra,
    };
    const written = '{"headers":{"X-A":"b c"},"xPaddingBytes":"1-2","big":1152921504606846976}';
    expect(parameter(linkOf({ network: 'xhttp', xhttp }), 'extra')).toBe(written);
  });

  it('name newer transports as clients do', () => {
    expect(parameter(linkOf({ network: 'websocket' }), 'type')).toBe('ws');
  });

  it('leave out what the user may not use', () => {
    const links = compileShareLinks(publish({}, [{}]), surroundings);
    expect(links(newSubscriber({ excludedInbounds: { vless: ['A'] } }), now, first)).toEqual([]);
    expect(links(newSubscriber({ proxies: {} }), now, first)).toEqual([]);
  });

  it('say the same to a client that decodes them, whatever the texts', () => {
    const anyText = fc.string({ unit: 'binary' });
    const literal = anyText.map((text) => text.replace(/[{}*]/g, ''));
    fc.assert(
      fc.property(literal, literal, anyText, (remark, path, alpn) => {
        const link = linkOf({ network: 'ws', tls: 'tls' }, { remark, path: `/${path}`, alpn });
        const [, query, fragment] = /^[^?#]+\?([^#]*)#(.*)$/s.exec(link)!;
        const values = new URLSearchParams(query);
        expect(decodeURIComponent(fragment!)).toBe(remark);
        expect(values.get('path')).toBe(`/${path}`);
        expect(values.get('alpn') ?? '').toBe(alpn);
        const vmess = linkOf({ protocol: 'vmess', network: 'ws' }, { remark, path: `/${path}` }).slice(8);
        expect(JSON.parse(Buffer.from(vmess, 'base64').toString())).toMatchObject({
          ps: remark,
          path: `/${path}`,
        });
      }),
    );
  });

  it('survive a lone surrogate, which no URI can hold', () => {
    expect(linkOf({}, { remark: 'a\ud800b' })).toMatch(/#a%EF%BF%BDb$/);
  });
});
