import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  first,
  newHost,
  newInbound,
  newSubscriber,
  now,
  surroundings,
} from '../../test/support/client-configs.js';
import { parseCoreConfig, resolveInbounds } from '../xray/config/index.js';
import type { JsonObject, ResolvedInbound } from '../xray/config/types.js';
import { compileEntries, compileShareLinks, DEFAULT_TEMPLATES, type Host, writeDocument } from './index.js';

type Format = 'v2ray' | 'v2ray-json' | 'clash-meta' | 'sing-box';
const FORMATS: Format[] = ['v2ray', 'v2ray-json', 'clash-meta', 'sing-box'];

/** The entry of a host of the inbound in a format, in the words of the format; undefined when it was left out. */
function entryIn(format: Format, inbound: ResolvedInbound, host: Partial<Host> = {}): JsonObject | undefined {
  const published = { inbounds: [inbound], hostsByTag: new Map([[inbound.tag, [newHost(host)]]]) };
  if (format === 'v2ray') {
    const [link] = compileShareLinks(published, surroundings)(newSubscriber(), now, first);
    if (link?.startsWith('vmess://'))
      return JSON.parse(Buffer.from(link.slice(8), 'base64').toString()) as JsonObject;
    return link === undefined ? undefined : Object.fromEntries(new URL(link).searchParams);
  }
  const entries = compileEntries(published, surroundings)(newSubscriber(), now, first);
  const text = writeDocument(format, entries, DEFAULT_TEMPLATES, first);
  if (format === 'clash-meta') return (parse(text) as { proxies: JsonObject[] }).proxies[0];
  if (format === 'sing-box')
    return (JSON.parse(text) as { outbounds: JsonObject[] }).outbounds.find(({ tag }) => tag === 'r');
  return (JSON.parse(text) as { outbounds: JsonObject[] }[])[0]?.outbounds[0]?.streamSettings as
    JsonObject | undefined;
}

/** A vless inbound as the core config has it. */
function resolved(streamSettings: JsonObject, protocol = 'vless'): ResolvedInbound {
  const inbound = { tag: 'A', protocol, port: 443, settings: { decryption: 'none' }, streamSettings };
  const config = parseCoreConfig(JSON.stringify({ inbounds: [inbound], outbounds: [{ tag: 'out' }] }));
  return resolveInbounds(config, { excludeTags: [], fallbacksTag: '', readCertificate: () => '' })[0]!;
}

const formatsOf = (inbound: ResolvedInbound, host?: Partial<Host>) =>
  FORMATS.filter((format) => entryIn(format, inbound, host) !== undefined);

describe('what a client must do as the server does', () => {
  const padding = {
    xPaddingObfsMode: true,
    xPaddingKey: '_dc',
    xPaddingHeader: 'X-Cache',
    xPaddingPlacement: 'queryInHeader',
    xPaddingMethod: 'tokenish',
  };
  const places = { seqPlacement: 'query', seqKey: 'n' };
  const uplink = { uplinkDataPlacement: 'header', uplinkDataKey: 'x-data', uplinkChunkSize: '512-1024' };

  it.each<[string, JsonObject, JsonObject]>([
    ['padding', padding, padding],
    ['the place of the sequence', places, places],
    ['the place of the uplink', uplink, uplink],
    [
      'the place of the session, whose name depends on the version of the core',
      { sessionPlacement: 'query', sessionKey: 'sid' },
      { sessionPlacement: 'query', sessionKey: 'sid', sessionIDPlacement: 'query', sessionIDKey: 'sid' },
    ],
    [
      'the place of the session by its newer name',
      { sessionIDPlacement: 'cookie' },
      { sessionPlacement: 'cookie', sessionIDPlacement: 'cookie' },
    ],
  ])('is told of XHTTP in and beside `extra`: %s', (_, settings, expected) => {
    const beside = resolved({ network: 'xhttp', xhttpSettings: { mode: 'packet-up', ...settings } });
    const within = resolved({ network: 'xhttp', xhttpSettings: { mode: 'packet-up', extra: settings } });
    for (const inbound of [beside, within]) {
      expect(JSON.parse(entryIn('v2ray', inbound)!.extra as string)).toMatchObject(expected);
      const xhttp = entryIn('v2ray-json', inbound)!.xhttpSettings as JsonObject;
      expect(xhttp.extra ?? xhttp).toMatchObject(expected);
    }
  });

  it('has the names of mihomo, whichever the core has', () => {
    const wanted = { 'session-placement': 'query', 'session-key': 'sid', 'seq-placement': 'query' };
    for (const names of [
      ['sessionPlacement', 'sessionKey'],
      ['sessionIDPlacement', 'sessionIDKey'],
    ] as const) {
      const settings = { [names[0]]: 'query', [names[1]]: 'sid', seqPlacement: 'query' };
      const inbound = resolved({ network: 'xhttp', xhttpSettings: settings });
      expect(entryIn('clash-meta', inbound)!['xhttp-opts']).toMatchObject(wanted);
    }
  });

  it('is not told of what an `extra` replaces, nor of what is the server’s own', () => {
    const { xhttp } = resolved({
      network: 'xhttp',
      xhttpSettings: { seqPlacement: 'query', extra: { noSSEHeader: true } },
    });
    expect(xhttp!.shared).toBeUndefined();
    const own = { noSSEHeader: true, scMaxBufferedPosts: 5, scStreamUpServerSecs: 9 };
    expect(resolved({ network: 'xhttp', xhttpSettings: own }).xhttp!.shared).toBeUndefined();
  });

  it.each(['vless', 'vmess'])(
    'is the mask of a stream of %s, without which only Xray is told of it',
    (protocol) => {
      const finalmask = { tcp: [{ type: 'sudoku', settings: { password: 'a b&"c"' } }] };
      const inbound = resolved({ network: 'tcp', finalmask }, protocol);
      expect(JSON.parse(entryIn('v2ray', inbound)!.fm as string)).toEqual(finalmask);
      expect(entryIn('v2ray-json', inbound)!.finalmask).toEqual(finalmask);
      expect(formatsOf(inbound)).toEqual(['v2ray', 'v2ray-json']);
      expect(formatsOf(resolved({ finalmask: { udp: [{ type: 'salamander' }] } }, protocol))).toEqual(
        FORMATS,
      );
      expect(formatsOf(resolved({ finalmask: { tcp: [{ type: 'Fragment' }] } }, protocol))).toEqual(FORMATS);
    },
  );

  it('are the configs for an encrypted hello, made from the keys of the server', () => {
    const { keys, list } = JSON.parse(
      readFileSync(new URL('../../test/golden/core/ech.json', import.meta.url), 'utf8'),
    ) as { keys: string; list: string };
    const inbound = resolved({ security: 'tls', tlsSettings: { echServerKeys: keys } });
    expect(entryIn('v2ray', inbound)!.ech).toBe(list);
    expect(entryIn('v2ray-json', inbound)!.tlsSettings).toMatchObject({ echConfigList: list });
    expect(entryIn('clash-meta', inbound)!['ech-opts']).toEqual({ enable: true, config: list });
    const { ech } = entryIn('sing-box', inbound)!.tls as { ech: { config: string[] } };
    expect(ech.config.slice(1, -1).join('')).toBe(list);
    for (const broken of ['AAAA', 'AP8=', keys.slice(0, 40)])
      expect(resolved({ security: 'tls', tlsSettings: { echServerKeys: broken } }).ech).toBeUndefined();
  });

  it('is where to ask for these configs, which other cores do without', () => {
    const ech = 'example.com+https://1.1.1.1/dns-query';
    const inbound = resolved({ security: 'tls', tlsSettings: { echConfigList: ech } });
    expect(entryIn('v2ray', inbound)!.ech).toBe(ech);
    expect(entryIn('clash-meta', inbound)).not.toHaveProperty('ech-opts');
    expect(entryIn('sing-box', inbound)!.tls).not.toHaveProperty('ech');
  });

  it('are names in the certificate, which only Xray looks for', () => {
    const inbound = resolved({ security: 'tls', tlsSettings: { verifyPeerCertByName: 'a.test, b.test' } });
    expect(entryIn('v2ray', inbound)!.vcn).toBe('a.test,b.test');
    expect(entryIn('v2ray-json', inbound)!.tlsSettings).toMatchObject({
      verifyPeerCertByName: 'a.test,b.test',
    });
    expect(formatsOf(inbound, { sni: ['c.test'] })).toEqual(['v2ray', 'v2ray-json']);
    expect(formatsOf(inbound, { sni: ['b.test'] })).toEqual(FORMATS);
    expect(formatsOf(inbound, { sni: ['c.test'], allowInsecure: true })).toEqual(FORMATS);
  });

  it('is HTTP/3 where the server has nothing else', () => {
    const stream = { network: 'xhttp', security: 'tls', tlsSettings: { alpn: ['h3'] } };
    expect(entryIn('v2ray', resolved(stream))!.alpn).toBe('h3');
    expect(entryIn('v2ray-json', resolved(stream))!.tlsSettings).toMatchObject({ alpn: ['h3'] });
    expect(formatsOf(resolved(stream))).toEqual(['v2ray', 'v2ray-json']);
    const both = resolved({ ...stream, tlsSettings: { alpn: 'h3,h2' } });
    expect(entryIn('v2ray', both)).not.toHaveProperty('alpn');
  });

  describe('with REALITY', () => {
    const reality = (settings: JsonObject) =>
      resolved({
        security: 'reality',
        realitySettings: {
          privateKey: 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os',
          serverNames: ['a.test'],
          shortIds: [''],
          ...settings,
        },
      });

    it('is the fingerprint of the inbound, as far as a core knows it', () => {
      expect(entryIn('v2ray', reality({ fingerprint: 'Firefox' }))!.fp).toBe('firefox');
      expect(entryIn('v2ray', reality({}))!.fp).toBe('chrome');
      const rare = reality({ fingerprint: 'hellochrome_120' });
      expect(entryIn('v2ray', rare)!.fp).toBe('hellochrome_120');
      expect(entryIn('clash-meta', rare)!['client-fingerprint']).toBe('chrome');
      expect(entryIn('sing-box', rare)!.tls).toMatchObject({ utls: { fingerprint: 'chrome' } });
      expect(entryIn('v2ray', rare, { fingerprint: 'edge' })!.fp).toBe('edge');
    });

    it('is the key for the signature of ML-DSA-65, made from its seed', () => {
      const { seed, verify } = JSON.parse(
        readFileSync(new URL('../../test/golden/core/mldsa65.json', import.meta.url), 'utf8'),
      ) as { seed: string; verify: string };
      expect(entryIn('v2ray', reality({ mldsa65Seed: seed }))!.pqv).toBe(verify);
      expect(entryIn('v2ray-json', reality({ mldsa65Seed: seed }))!.realitySettings).toMatchObject({
        mldsa65Verify: verify,
      });
      expect(entryIn('v2ray', reality({ mldsa65Verify: 'key' }))!.pqv).toBe('key');
      expect(reality({})).not.toHaveProperty('pqv');
    });

    it.each([
      ['26.3.27', ['v2ray', 'v2ray-json']],
      ['1.8.2', ['v2ray', 'v2ray-json']],
      ['1.9', ['v2ray', 'v2ray-json']],
      ['1.8.1', FORMATS],
      ['1.8', FORMATS],
      ['', FORMATS],
    ])('is a version of at least %j', (minClientVer, formats) => {
      expect(formatsOf(reality({ minClientVer }))).toEqual(formats);
    });
  });
});

describe('the certificate that a client shall take', () => {
  const selfSigned = [
    { sha256: 'aa', names: ['a.test', '*.w.test'] },
    { sha256: 'bb', names: ['b.test', 'a.test', '192.0.2.1'] },
  ];
  const inbound = newInbound({ tls: 'tls', selfSigned });

  it.each([
    ['a.test', 'aa,bb'],
    ['B.Test', 'bb'],
    ['x.w.test', 'aa'],
    ['y.x.w.test', undefined],
    ['192.0.2.1', 'bb'],
    ['cdn.test', undefined],
  ])('of %s has the hash %s', (sni, expected) => {
    const host = { sni: [sni], allowInsecure: true };
    expect(entryIn('v2ray', inbound, host)!.pcs).toBe(expected);
    const tls = entryIn('v2ray-json', inbound, host)!.tlsSettings as JsonObject;
    expect(tls.pinnedPeerCertSha256).toBe(expected);
    expect(entryIn('v2ray', { ...inbound, protocol: 'vmess' }, host)!.pcs).toBe(expected);
  });

  it('is any of them when no name is asked for', () => {
    expect(entryIn('v2ray', inbound, { allowInsecure: true })!.pcs).toBe('aa,bb');
  });

  it('is not told where the host trusts authorities, but for what the operator wrote down', () => {
    expect(entryIn('v2ray', inbound)).not.toHaveProperty('pcs');
    const pinned = resolved({ security: 'tls', tlsSettings: { pinnedPeerCertSha256: 'cc, dd' } });
    expect(entryIn('v2ray', pinned)!.pcs).toBe('cc,dd');
  });

  it('is looked for by the name that was drawn', () => {
    const host = { sni: ['a.test', 'cdn.test'], allowInsecure: true };
    const published = { inbounds: [inbound], hostsByTag: new Map([[inbound.tag, [newHost(host)]]]) };
    const links = compileShareLinks(published, surroundings);
    const pinsBy = (pick: number) => {
      const [link] = links(newSubscriber(), now, { ...first, pick: () => pick });
      return new URL(link!).searchParams.get('pcs');
    };
    expect([pinsBy(0), pinsBy(1)]).toEqual(['aa,bb', null]);
  });

  it('is named in vmess links in each of the ways that applications know', () => {
    expect(entryIn('v2ray', { ...inbound, protocol: 'vmess' }, { allowInsecure: true })).toMatchObject({
      allowInsecure: 1,
      insecure: '1',
      pcs: 'aa,bb',
    });
  });
});

describe('connections share one', () => {
  const mux = (inbound: Partial<ResolvedInbound>) => {
    const entry = {
      inbounds: [newInbound(inbound)],
      hostsByTag: new Map([['A', [newHost({ muxEnable: true })]]]),
    };
    const entries = compileEntries(entry, surroundings)(newSubscriber(), now, first);
    const [{ outbounds }] = JSON.parse(writeDocument('v2ray-json', entries, DEFAULT_TEMPLATES, first)) as [
      { outbounds: JsonObject[] },
    ];
    return outbounds[0]!.mux;
  };

  it('unless their entry has a flow or is over XHTTP, where only UDP is gathered', () => {
    const alone = { enabled: true, concurrency: -1, xudpConcurrency: 8 };
    const { xhttp } = resolved({ network: 'xhttp' });
    expect(mux({})).toMatchObject({ enabled: true, concurrency: 8 });
    expect(mux({ tls: 'tls', defaultFlow: 'xtls-rprx-vision' })).toMatchObject(alone);
    expect(mux({ network: 'xhttp', xhttp: xhttp! })).toMatchObject(alone);
  });
});

describe('early data', () => {
  it('is of WebSocket and HTTPUpgrade only: other paths lose what the core would take for their end', () => {
    const path = '/p?ed=2048';
    const header = { type: 'http', request: { path: [path] } };
    const overTcp = resolved({ network: 'tcp', tcpSettings: { header } }, 'vmess');
    expect(entryIn('sing-box', overTcp)!.transport).toMatchObject({ path: '/p' });
    const xhttp = resolved({ network: 'xhttp', xhttpSettings: { path } });
    expect(entryIn('clash-meta', xhttp)!['xhttp-opts']).toMatchObject({ path: '/p' });
    for (const network of ['ws', 'httpupgrade']) {
      const inbound = resolved({ network, [`${network}Settings`]: { path } });
      expect(entryIn('sing-box', inbound)!.transport).toMatchObject({ path: '/p' });
      expect(entryIn('clash-meta', inbound)!['ws-opts']).toMatchObject({ path: '/p' });
    }
  });
});

describe('a link of Shadowsocks', () => {
  it.each<[string, Partial<ResolvedInbound>]>([
    ['WebSocket', { network: 'ws' }],
    ['TLS', { tls: 'tls' }],
    ['an HTTP header', { headerType: 'http' }],
    ['a mask', { finalmask: { tcp: [{ type: 'sudoku' }] } }],
  ])('is not made with %s, of which it could not tell', (_, inbound) => {
    expect(entryIn('v2ray', newInbound({ protocol: 'shadowsocks', ...inbound }))).toBeUndefined();
  });
});

describe('a gRPC service with one leading slash', () => {
  it.each([
    ['/name', '//name'],
    ['/gun|multi', '//gun'],
    ['', '//Tun'],
    ['/Tun|multi', '//Tun'],
    ['/own/path', '/own/path'],
    ['name', 'name'],
  ])('%j is %j for mihomo', (serviceName, expected) => {
    const inbound = resolved({ network: 'grpc', grpcSettings: { serviceName } });
    expect(entryIn('clash-meta', inbound)!['grpc-opts']).toMatchObject({ 'grpc-service-name': expected });
  });
});
