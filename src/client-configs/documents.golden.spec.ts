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
import { publishedIn, recordedCases, subscriberIn } from '../../test/support/recorded-subscriptions.js';
import type { JsonObject, JsonValue } from '../xray/config/types.js';
import {
  compileEntries,
  DEFAULT_TEMPLATES,
  type DocumentFormat,
  type Templates,
  writeDocument,
} from './index.js';

/** The user agents that the recordings drew from. */
const templates: Templates = {
  ...DEFAULT_TEMPLATES,
  userAgents: [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36',
  ],
  grpcUserAgents: ['grpc-dotnet/2.41.0 (.NET 6.0.1; CLR 6.0.1; net6.0; windows; x64)'],
};

const inputs = new Map(recordedCases('share-links').map((input) => [input.title, input]));

function documentOf(title: string, format: DocumentFormat): string {
  const input = inputs.get(title)!;
  const draw = compileEntries(publishedIn(input), surroundings);
  return writeDocument(format, draw(subscriberIn(input), now, first), templates, first);
}

/** The recorded cases, each with its title in front. */
function cases<T extends { title: string }>(name: string): [string, T][] {
  return recordedCases<T>(name).map((recorded) => [recorded.title, recorded]);
}

/** Differences that the formats share: only a URI brackets an address. */
function unbracketed(address: JsonValue | undefined): JsonValue | undefined {
  return typeof address === 'string' ? address.replace(/^\[(.*)\]$/, '$1') : address;
}

function without(value: unknown, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value as object).filter(([key]) => !keys.includes(key)));
}

describe('Xray configs equal those of Marzban', () => {
  type Outbound = JsonObject & { protocol: string; settings: JsonObject; streamSettings: JsonObject };

  /** No Xray has these transports any more. */
  const isServed = ({ outbounds: [proxy] }: { outbounds: Outbound[] }) =>
    !['quic', 'http', 'h2', 'h3'].includes(proxy!.streamSettings.network as string);

  function mend(outbound: Outbound): JsonObject {
    if (outbound.protocol === 'freedom') return mendDialer(outbound);
    const text = JSON.stringify(outbound.settings, (key, value: unknown) => {
      if (key === 'email') return undefined; // an advertisement
      if (key === 'flow' && !value) return undefined; // none
      if (key === 'address') return unbracketed(value as string);
      return value;
    });
    const settings = JSON.parse(text) as { vnext?: { users: JsonObject[] }[] };
    if (outbound.protocol === 'vless') {
      for (const server of settings.vnext!) {
        server.users = server.users.map((user) => without(user, 'security', 'alterId')); // those are of vmess
      }
    }
    return {
      ...outbound,
      settings: settings as JsonObject,
      streamSettings: mendStream(outbound.streamSettings),
    };
  }

  /** A noise without a delay is one too. */
  function mendDialer(outbound: Outbound): JsonObject {
    const { noises } = outbound.settings as { noises?: JsonObject[] };
    if (noises?.length !== 3) return outbound;
    return { ...outbound, settings: { noises: [...noises, { type: 'hex', packet: '0a0b' }] } };
  }

  function mendStream({ ...stream }: JsonObject): JsonObject {
    if (stream.tlsSettings) stream.tlsSettings = without(stream.tlsSettings, 'allowInsecure'); // refused if true
    for (const name of ['xhttpSettings', 'splithttpSettings']) {
      if (!stream[name]) continue;
      // No core knows these two; the keep-alive is a part of xmux.
      const { keepAlivePeriod, scMaxConcurrentPosts: _, ...settings } = stream[name] as JsonObject;
      const xmux = {
        ...(keepAlivePeriod ? { hKeepAlivePeriod: keepAlivePeriod } : {}),
        ...(settings.xmux as object),
      };
      stream[name] = Object.keys(xmux).length > 0 ? { ...settings, xmux } : settings;
    }
    if (stream.kcpSettings) {
      const { header, ...settings } = stream.kcpSettings as {
        header: { type?: string; domain?: string };
      } & JsonObject;
      // Today's cores refuse a header, also an empty one; of the domain only a letter was left.
      const domain = header.domain && (header.domain === 'd' ? 'd.example.com' : header.domain);
      const kept =
        header.type && header.type !== 'none' ? { header: { ...header, ...(domain && { domain }) } } : {};
      stream.kcpSettings = { ...settings, ...kept };
    }
    const { tcpSettings: tcp } = stream as { tcpSettings?: { header: JsonObject } };
    if (tcp?.header.type === 'none') stream.tcpSettings = { header: { type: 'none' } }; // which has no request
    return stream;
  }

  it.each(cases<{ title: string; configs: { remarks: string; outbounds: Outbound[] }[] }>('v2ray-json'))(
    '%s',
    (title, { configs }) => {
      const expected = configs.filter(isServed).map(({ remarks, outbounds }) => ({
        ...templates.xray,
        remarks,
        outbounds: outbounds.map(mend),
      }));
      expect(JSON.parse(documentOf(title, 'v2ray-json'))).toEqual(expected);
    },
  );
});

describe('Clash proxies equal those of Marzban', () => {
  type Proxy = JsonObject & { name: string; type: string; network: string; 'reality-opts'?: JsonObject };
  const dialects = ['clash', 'clash-meta'] as const;

  /** Those that Clash could not use. */
  function isUsable(dialect: string, proxy: Proxy): boolean {
    if (proxy.network === 'quic') return false; // no Clash core has it
    if (proxy.type === 'ss' && proxy.network !== 'tcp') return false; // Shadowsocks knows no transports
    if (proxy.type === 'trojan' && (!proxy.tls || ['h2', 'http'].includes(proxy.network))) return false; // mihomo has neither
    // REALITY without its keys; the original core does not have it.
    return !(dialect === 'clash' && ['reality alice', 'r'].includes(proxy.name));
  }

  function mend(recorded: Proxy): JsonObject {
    const proxy: JsonObject = { ...without(recorded, 'smux'), server: unbracketed(recorded.server) }; // Xray has no smux
    if (proxy.network === 'raw') {
      Object.assign(proxy, { network: 'tcp', 'tcp-opts': proxy['raw-opts'] }); // the name that is documented
      delete proxy['raw-opts'];
    }
    if (proxy['http-opts']) {
      const { Host: host, headers, ...options } = proxy['http-opts'] as { Host?: string; headers: object };
      proxy['http-opts'] = { ...options, headers: { ...headers, ...(host && { Host: [host] }) } }; // where it is read
    }
    if (proxy['ws-opts']) proxy['ws-opts'] = without(proxy['ws-opts'], 'v2ray-http-upgrade-fast-open'); // loses data
    if (proxy.name === 'GRPC VM') {
      proxy['grpc-opts'] = { ...(proxy['grpc-opts'] as object), 'grpc-service-name': '/vm%20svc/a%20b' }; // as Xray's server
    }
    if (proxy.flow === '') delete proxy.flow; // none
    if (proxy.port === '443,8443') proxy.port = 443; // one port that a client can dial
    if (recorded.name.endsWith(' over reality')) delete proxy['reality-opts']; // the host says otherwise
    return proxy;
  }

  /** Marzban has none over XHTTP, which only mihomo speaks, and only for vless. */
  const isNew = ({ network }: { network: string }) => network === 'xhttp';

  it.each(
    dialects.flatMap((dialect) =>
      cases<{ title: string; proxies: Proxy[] }>(dialect).map((c) => [dialect, ...c] as const),
    ),
  )('%s: %s', (dialect, title, recorded) => {
    const text = documentOf(title, dialect);
    const document = parse(text) as { proxies: Proxy[]; 'proxy-groups': { proxies: string[] }[] };
    const old = document.proxies.filter((proxy) => !isNew(proxy));
    const usable = recorded.proxies.filter((proxy) => isUsable(dialect, proxy));
    expect(old).toEqual(usable.map(mend));
    const names = document.proxies.map(({ name }) => name);
    expect(document['proxy-groups'][0]!.proxies).toEqual(names.length > 0 ? names : ['REJECT']);
    // Keys are in the order of the alphabet, as recorded.
    for (const proxy of document.proxies) expect(Object.keys(proxy)).toEqual(Object.keys(proxy).sort());
  });
});

describe('sing-box outbounds equal those of Marzban', () => {
  type Outbound = JsonObject & {
    type: string;
    tag: string;
    transport?: { type: string; service_name?: string };
    tls?: { alpn?: string[] };
  };

  function isUsable({ type, tag, transport }: Outbound): boolean {
    if (transport?.type === 'quic') return false; // removed
    if (transport?.service_name?.startsWith('/')) return false; // a path, which sing-box does not have
    if (tag === 'alice VLESS tcp' && transport?.type === 'http') return false; // TLS would make it HTTP/2
    return !(type === 'shadowsocks' && transport); // nor has Shadowsocks any
  }

  function mend(recorded: Outbound): JsonObject {
    const outbound: JsonObject = { ...without(recorded, 'multiplex'), server: unbracketed(recorded.server) }; // was always off
    const { type, tls, transport } = outbound as Outbound;
    if (tls?.alpn && ['ws', 'httpupgrade'].includes(transport?.type ?? '')) {
      const alpn = tls.alpn.filter((version) => version === 'http/1.1'); // a server must not choose another
      outbound.tls = { ...without(tls, 'alpn'), ...(alpn.length > 0 && { alpn }) };
    }
    // A flow belongs to vless, and needs TLS.
    return type === 'vless' && tls ? outbound : without(outbound, 'flow');
  }

  it.each(cases<{ title: string; outbounds: Outbound[] }>('sing-box'))('%s', (title, { outbounds }) => {
    const expected = outbounds.filter(isUsable).map(mend);
    const names = expected.length > 0 ? expected.map(({ tag }) => tag) : ['No servers'];
    for (const format of ['sing-box', 'sing-box-before-1.12'] as const) {
      const profile = JSON.parse(documentOf(title, format)) as { outbounds: Outbound[] };
      const entries = profile.outbounds.filter(
        ({ server }) => server !== undefined && server !== '127.0.0.1',
      );
      const group = (tag: string) => profile.outbounds.find((outbound) => outbound.tag === tag)!.outbounds;
      expect(entries).toEqual(expected);
      expect(group('Best Latency')).toEqual(names);
      expect(group('proxy')).toEqual(expected.length > 0 ? ['Best Latency', ...names] : names);
    }
  });
});

describe('Outline configs equal those of Marzban', () => {
  it.each(cases<{ title: string; body: string }>('outline'))('%s', (title, { body }) => {
    expect(documentOf(title, 'outline')).toBe(body);
  });
});

describe('documents equal those of Marzban byte for byte', () => {
  const file = new URL('../../test/golden/subscription/bodies.json', import.meta.url);
  const bodies = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const inbounds = [
    newInbound({ tag: 'A', protocol: 'vmess', port: 80, network: 'ws', path: '/' }),
    newInbound({ tag: 'B', protocol: 'shadowsocks', port: 1080 }),
  ];
  const hostsByTag = new Map([
    ['A', [newHost({ remark: 'Käse 🚀 #1: a b' })]],
    ['B', [newHost({ remark: '12345' })]],
  ]);
  const user = newSubscriber({
    proxies: {
      vmess: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53' },
      shadowsocks: { password: 'LwYcn2PpCVWkDzAgFpDrSQ', method: 'chacha20-ietf-poly1305' },
    },
  });

  it.each<[DocumentFormat, string]>([
    ['clash', bodies.clash!],
    ['clash-meta', bodies.clash!],
    ['outline', bodies.outline!],
    ['v2ray-json', bodies['v2ray-json']!.replace(/ *"email": .*\n/g, '')], // an advertisement
    ['sing-box-before-1.12', bodies['sing-box']!.replace(/ *"multiplex": [^}]*},\n/g, '')], // was always off
  ])('%s', (format, expected) => {
    const entries = compileEntries({ inbounds, hostsByTag }, surroundings)(user, now, first);
    expect(writeDocument(format, entries, DEFAULT_TEMPLATES, first)).toBe(expected);
  });
});
