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
import type { JsonObject, ResolvedInbound } from '../xray/config/types.js';
import {
  compileEntries,
  DEFAULT_TEMPLATES,
  type DocumentFormat,
  type Host,
  type Templates,
  writeDocument,
} from './index.js';

interface Wanted {
  inbound?: Partial<ResolvedInbound>;
  host?: Partial<Host>;
  user?: ReturnType<typeof newSubscriber>;
  templates?: Partial<Templates>;
}

/** The document with one host of one inbound in it. */
function textOf(format: DocumentFormat, { inbound, host, user, templates }: Wanted): string {
  const resolved = newInbound(inbound);
  const published = { inbounds: [resolved], hostsByTag: new Map([[resolved.tag, [newHost(host)]]]) };
  const entries = compileEntries(published, surroundings)(user ?? newSubscriber(), now, first);
  return writeDocument(format, entries, { ...DEFAULT_TEMPLATES, ...templates }, first);
}

/** The one entry in the document; undefined when it was left out. */
function entryIn(
  format: 'v2ray-json' | 'clash' | 'clash-meta' | 'sing-box',
  wanted: Wanted,
): JsonObject | undefined {
  const text = textOf(format, wanted);
  if (format === 'v2ray-json') return (JSON.parse(text) as { outbounds: JsonObject[] }[])[0]?.outbounds[0];
  if (format !== 'sing-box') return (parse(text) as { proxies: JsonObject[] }).proxies[0];
  return (JSON.parse(text) as { outbounds: JsonObject[] }).outbounds.find(({ tag }) => tag === 'r');
}

const XHTTP: ResolvedInbound['xhttp'] = {
  scMaxEachPostBytes: '500-1000',
  scMaxConcurrentPosts: 100,
  scMinPostsIntervalMs: 30,
  xPaddingBytes: '100-1000',
  xmux: { maxConcurrency: '16-32', hKeepAlivePeriod: 60 },
  mode: 'stream-up',
  noGRPCHeader: false,
  keepAlivePeriod: 0,
};

describe('early data in the path', () => {
  it.each([
    ['/ws?ed=2048', '/ws', 2048],
    ['/ws?ed=2048&x=1', '/ws?x=1', 2048],
    ['/ws?x=1&ed=2048', '/ws?x=1', 2048],
    ['/ws?x=1', '/ws?x=1', undefined],
    ['/ws?ed=', '/ws?ed=', undefined],
    ['/ws?ed=2048/x', '/ws?ed=2048/x', undefined],
    ['/ed=5', '/ed=5', undefined],
    ['/ws?red=5', '/ws?red=5', undefined],
  ])('%s is %s with %s bytes', (path, plain, bytes) => {
    const wanted = { inbound: { network: 'ws' }, host: { path } };
    const clash = entryIn('clash-meta', wanted)!['ws-opts'] as JsonObject;
    expect([clash.path, clash['max-early-data']]).toEqual([plain, bytes]);
    const singBox = entryIn('sing-box', wanted)!.transport as JsonObject;
    expect([singBox.path, singBox.max_early_data]).toEqual([plain, bytes]);
    const xray = entryIn('v2ray-json', wanted)!.streamSettings as { wsSettings: JsonObject };
    expect(xray.wsSettings.path).toBe(path); // Xray reads it there
  });
});

describe('what a client cannot use is left out', () => {
  const ALL = ['v2ray-json', 'clash', 'clash-meta', 'sing-box'] as const;
  it.each<[string, Wanted, readonly string[]]>([
    ['vmess over WebSocket', { inbound: { protocol: 'vmess', network: 'websocket' } }, ALL],
    ['vless over TCP', {}, ['v2ray-json', 'clash-meta', 'sing-box']],
    ['vless over XHTTP', { inbound: { network: 'xhttp', xhttp: XHTTP } }, ['v2ray-json', 'clash-meta']],
    [
      'trojan over XHTTP',
      { inbound: { protocol: 'trojan', network: 'xhttp', xhttp: XHTTP } },
      ['v2ray-json'],
    ],
    ['vmess over mKCP', { inbound: { protocol: 'vmess', network: 'kcp' } }, ['v2ray-json']],
    ['vmess over QUIC', { inbound: { protocol: 'vmess', network: 'quic' } }, []],
    ['vless over HTTP/2', { inbound: { network: 'h2', tls: 'tls' } }, ['clash-meta', 'sing-box']],
    [
      'trojan over TCP with an HTTP header',
      { inbound: { protocol: 'trojan', headerType: 'http' } },
      ['v2ray-json', 'sing-box'],
    ],
    [
      'vmess with REALITY',
      { inbound: { protocol: 'vmess', tls: 'reality' } },
      ['v2ray-json', 'clash-meta', 'sing-box'],
    ],
    [
      'vless over WebSocket with REALITY',
      { inbound: { network: 'ws', tls: 'reality' } },
      ['clash-meta', 'sing-box'],
    ],
    ['Shadowsocks', { inbound: { protocol: 'shadowsocks' } }, ALL],
    ['Shadowsocks with TLS', { inbound: { protocol: 'shadowsocks', tls: 'tls' } }, ['v2ray-json']],
    ['an unknown transport', { inbound: { network: 'carrier-pigeon' } }, []],
  ])('%s', (_, wanted, formats) => {
    expect(ALL.filter((format) => entryIn(format, wanted) !== undefined)).toEqual(formats);
  });

  it('and a profile without entries connects to nothing', () => {
    const none = { inbound: { network: 'quic' } };
    expect(textOf('v2ray-json', none)).toBe('[]');
    expect(textOf('outline', none)).toBe('{}');
    expect(parse(textOf('clash-meta', none))).toMatchObject({ 'proxy-groups': [{ proxies: ['REJECT'] }] });
    const { outbounds } = JSON.parse(textOf('sing-box', none)) as { outbounds: JsonObject[] };
    expect(outbounds.map(({ tag, outbounds: members }) => [tag, members])).toEqual([
      ['proxy', ['No servers']],
      ['Best Latency', ['No servers']],
      ['direct', undefined],
      ['No servers', undefined],
    ]);
  });
});

describe('an entry', () => {
  it('has a flow where it can be carried, and the one of the inbound when the user has none', () => {
    const inbound = { tls: 'tls', defaultFlow: 'xtls-rprx-vision' } as const;
    for (const format of ['clash-meta', 'sing-box'] as const) {
      expect(entryIn(format, { inbound })).toMatchObject({ flow: 'xtls-rprx-vision' });
      expect(entryIn(format, { inbound, host: { security: 'none' } })).not.toHaveProperty('flow');
      expect(entryIn(format, { inbound: { ...inbound, network: 'ws' } })).not.toHaveProperty('flow');
    }
  });

  it('has both keys of Shadowsocks 2022', () => {
    const inbound = {
      protocol: 'shadowsocks',
      shadowsocksMethod: '2022-blake3-aes-128-gcm',
      shadowsocksServerKey: 'c2VydmVyIGtleSBvZiAxNg==',
    } as const;
    const keys = { password: expect.stringMatching(/^c2VydmVyIGtleSBvZiAxNg==:.{22}==$/) as string };
    expect(entryIn('sing-box', { inbound })).toMatchObject({ ...keys, method: '2022-blake3-aes-128-gcm' });
    expect(entryIn('clash-meta', { inbound })).toMatchObject({ ...keys, cipher: '2022-blake3-aes-128-gcm' });
    expect(JSON.parse(textOf('outline', { inbound }))).toEqual({}); // which does not know it
  });

  const TUNNEL: Partial<ResolvedInbound> = { network: 'grpc', tls: 'tls' };
  it.each([
    ['a name', 'svc', { xray: 'svc', mihomo: 'svc', singBox: 'svc' }],
    [
      'an odd name',
      'a b/$&+=:@!',
      { xray: 'a b/$&+=:@!', mihomo: 'a%20b%2F$&+=:@%21', singBox: 'a b/$&+=:@!' },
    ],
    ['a path', '/a b/c|d', { xray: '/a b/c', mihomo: '/a%20b/c', singBox: undefined }],
    ['a name as a path', '/a/Tun|d', { xray: 'a', mihomo: 'a', singBox: 'a' }],
    ['a longer path', '/a/b/Tun|d', { xray: '/a/b/Tun', mihomo: '/a/b/Tun', singBox: undefined }],
  ])('has a gRPC service as each core understands it: %s', (_, path, expected) => {
    const wanted = { inbound: { ...TUNNEL, path } };
    const { grpcSettings } = entryIn('v2ray-json', wanted)!.streamSettings as { grpcSettings: JsonObject };
    expect(grpcSettings.serviceName).toBe(expected.xray);
    const options = entryIn('clash-meta', wanted)!['grpc-opts'] as JsonObject;
    expect(options['grpc-service-name']).toBe(expected.mihomo);
    const transport = entryIn('sing-box', wanted)?.transport as JsonObject | undefined;
    expect(transport?.service_name).toBe(expected.singBox);
  });

  it.each([
    ['ws', 'h2,http/1.1', ['http/1.1']],
    ['httpupgrade', 'h2', undefined],
    ['grpc', 'h2,http/1.1', ['h2', 'http/1.1']],
  ])('over %s offers sing-box only versions of HTTP that it speaks: %s', (network, alpn, expected) => {
    const { tls } = entryIn('sing-box', { inbound: { network, tls: 'tls' }, host: { alpn } })! as {
      tls: JsonObject;
    };
    expect(tls.alpn).toEqual(expected);
  });

  it.each([
    ['sing-box', { tls: 'tls', headerType: 'http' }],
    ['clash-meta', { protocol: 'trojan' }],
    ['clash', { protocol: 'trojan', network: 'ws' }],
  ] as const)('is left out of %s where its core cannot use it: %o', (format, inbound) => {
    expect(entryIn(format, { inbound })).toBeUndefined();
  });

  it('pins the certificate for Xray where the host trusts any', () => {
    const selfSigned = ['ab', 'cd'].map((sha256) => ({ sha256, names: [] }));
    const inbound: Partial<ResolvedInbound> = { tls: 'tls', selfSigned };
    const tlsOf = (host: Partial<Host>) =>
      (entryIn('v2ray-json', { inbound, host })!.streamSettings as JsonObject).tlsSettings;
    expect(tlsOf({ allowInsecure: true })).toEqual({
      serverName: '',
      pinnedPeerCertSha256: 'ab,cd',
      show: false,
    });
    expect(tlsOf({})).toEqual({ serverName: '', show: false });
  });

  it('always has a fingerprint with REALITY in sing-box, which refuses it without', () => {
    expect(entryIn('sing-box', { inbound: { tls: 'reality', pbk: 'key' } })).toMatchObject({
      tls: { reality: { public_key: 'key' }, utls: { enabled: true, fingerprint: 'chrome' } },
    });
  });

  it('has the XHTTP settings by the names of mihomo', () => {
    expect(
      entryIn('clash-meta', { inbound: { network: 'xhttp', xhttp: XHTTP, path: '/x', host: ['h'] } }),
    ).toMatchObject({
      network: 'xhttp',
      'xhttp-opts': {
        path: '/x',
        host: 'h',
        mode: 'stream-up',
        'no-grpc-header': false,
        'x-padding-bytes': '100-1000',
        'sc-max-each-post-bytes': 500,
        'reuse-settings': { 'max-concurrency': '16-32', 'h-keep-alive-period': 60 },
      },
    });
  });

  it('has the whole extra object of XHTTP, with integers of any size', () => {
    const extra = { xPaddingObfsMode: true, big: 9007199254740993n, downloadSettings: { port: 443 } };
    const text = textOf('v2ray-json', { inbound: { network: 'xhttp', xhttp: { ...XHTTP, extra } } });
    expect(text).toContain('"big": 9007199254740993');
    expect(JSON.parse(text)).toMatchObject([
      {
        outbounds: [
          {
            streamSettings: {
              xhttpSettings: { mode: 'stream-up', extra: { downloadSettings: { port: 443 } } },
            },
          },
        ],
      },
    ]);
  });

  it.each([
    ['rand:10-20,100-200', [{ type: 'rand', packet: '10-20', delay: '100-200' }]],
    ['hex:0a0b', [{ type: 'hex', packet: '0a0b' }]],
    [
      'str:a,b,5&rand:1',
      [
        { type: 'str', packet: 'a,b', delay: '5' },
        { type: 'rand', packet: '1' },
      ],
    ],
  ])('has the noise %s', (noiseSetting, noises) => {
    const configs = JSON.parse(textOf('v2ray-json', { host: { noiseSetting } })) as {
      outbounds: JsonObject[];
    }[];
    expect(configs[0]!.outbounds[1]).toEqual({ tag: 'dialer', protocol: 'freedom', settings: { noises } });
  });

  it('is multiplexed for sing-box and Clash only if the operator says how', () => {
    const host = { muxEnable: true };
    const mux = {
      ...DEFAULT_TEMPLATES.mux,
      singBox: { enabled: true, protocol: 'smux' },
      clash: { enabled: true, protocol: 'smux' },
    };
    expect(entryIn('sing-box', { host })).not.toHaveProperty('multiplex');
    expect(entryIn('clash-meta', { host })).not.toHaveProperty('smux');
    expect(entryIn('sing-box', { host, templates: { mux } })).toMatchObject({ multiplex: mux.singBox });
    expect(entryIn('clash-meta', { host, templates: { mux } })).toMatchObject({ smux: mux.clash });
    expect(entryIn('sing-box', { templates: { mux } })).not.toHaveProperty('multiplex');
  });
});

describe('a document', () => {
  it.each(['12345', 'yes', 'null', '12:30:45', 'a #b: c', "it's", '- x', '@x', '🚀 é', 'a\nb', '{x'])(
    'keeps the name %j, also for YAML 1.1',
    (remark) => {
      const text = textOf('clash-meta', { host: { remark: remark.replaceAll('{', '{{') } });
      for (const version of ['1.1', '1.2'] as const) {
        expect(parse(text, { version })).toMatchObject({ proxies: [{ name: remark }] });
      }
    },
  );

  it('has names only once, counted up', () => {
    const inbound = newInbound({ protocol: 'vmess' });
    const hosts = ['same', 'same', 'same (2)', 'same'].map((remark) => newHost({ remark }));
    const published = { inbounds: [inbound], hostsByTag: new Map([[inbound.tag, hosts]]) };
    const entries = compileEntries(published, surroundings)(newSubscriber(), now, first);
    const text = writeDocument('clash', entries, DEFAULT_TEMPLATES, first);
    expect((parse(text) as { proxies: JsonObject[] }).proxies.map(({ name }) => name)).toEqual([
      'same',
      'same (2)',
      'same (2) (2)',
      'same (3)',
    ]);
  });
});
