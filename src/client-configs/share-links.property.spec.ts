import fc from 'fast-check';
import { expect, it } from 'vitest';
import { outboundOf, remarkOf } from '../../test/e2e/support/share-link.js';
import {
  first,
  newHost,
  newInbound,
  newSubscriber,
  now,
  surroundings,
} from '../../test/support/client-configs.js';
import type { JsonObject, ResolvedInbound } from '../xray/config/types.js';
import { compileEntries, compileShareLinks, DEFAULT_TEMPLATES, type Host, writeDocument } from './index.js';

/** Any text that holds no variables, no wildcards and nothing that no URI can hold. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.replace(/[{}*]/g, ''));
const domain = fc.domain();
/** As a parser of URIs gives it back. */
const ipV6 = fc.ipV6().map((address) => new URL(`http://[${address}]`).hostname.slice(1, -1));
const path = text.map((rest) => `/${rest}`);
const base64 = fc.base64String({ minLength: 1 });
const range = fc.oneof(
  fc.nat(1_000_000),
  fc.tuple(fc.nat(999), fc.nat(999)).map((ends) => ends.join('-')),
);

const xhttp: fc.Arbitrary<Partial<ResolvedInbound>> = fc
  .record(
    {
      scMaxEachPostBytes: range,
      scMinPostsIntervalMs: range,
      xPaddingBytes: range,
      noGRPCHeader: fc.boolean(),
      mode: fc.constantFrom('auto', 'packet-up', 'stream-up', 'stream-one'),
      xmux: fc.record({ maxConcurrency: range }, { requiredKeys: [] }),
      extra: fc.record({ xPaddingBytes: range, headers: fc.dictionary(domain, text) }),
    },
    {
      noNullPrototype: true,
      requiredKeys: ['mode', 'noGRPCHeader', 'scMaxEachPostBytes', 'xPaddingBytes', 'xmux'],
    },
  )
  .map((settings) => ({
    network: 'xhttp',
    xhttp: {
      scMaxConcurrentPosts: 100,
      scMinPostsIntervalMs: 30,
      keepAlivePeriod: 0,
      ...settings,
    } as ResolvedInbound['xhttp'],
  }));

const transport: fc.Arbitrary<Partial<ResolvedInbound>> = fc.oneof(
  fc.constantFrom(
    ...['tcp', 'raw', 'ws', 'httpupgrade', 'kcp'].map((network) => ({ network, headerType: '' })),
    ...['tcp', 'raw'].map((network) => ({ network, headerType: 'http' })),
    ...[true, false].map((multiMode) => ({ network: 'grpc', multiMode })),
  ),
  xhttp,
);
const security = fc.oneof<fc.Arbitrary<Partial<ResolvedInbound>>[]>(
  fc.constant({ tls: 'none' }),
  fc.record(
    {
      tls: fc.constant('tls' as const),
      ech: base64,
      verifyNames: fc.array(domain, { minLength: 1 }),
      alpn: fc.constantFrom(['h3'], ['h3', 'h2']),
    },
    { requiredKeys: ['tls'], noNullPrototype: true },
  ),
  fc.record({
    tls: fc.constant('reality' as const),
    pbk: base64,
    pqv: fc.constantFrom('', 'verify-key_'),
    sids: fc.tuple(fc.constantFrom('', '0123abcd')),
    spx: fc.constantFrom('', '/spider'),
  }),
);

const finalmask = fc.record({
  tcp: fc.subarray<JsonObject>([{ type: 'sudoku', settings: { password: 'a&b=ü "#' } }]),
  udp: fc.subarray<JsonObject>([{ type: 'mkcp-aes128gcm', settings: { password: 'seed' } }]),
});

const wanted = fc
  .record({
    protocol: fc.constantFrom('vmess' as const, 'vless' as const, 'trojan' as const, 'shadowsocks' as const),
    transport: fc
      .tuple(transport, fc.option(finalmask))
      .map(([over, mask]) => (mask ? { ...over, finalmask: mask } : over)),
    security,
    nameInCertificate: fc.option(domain),
    address: fc.oneof(domain, fc.ipV4(), ipV6),
    port: fc.integer({ min: 1, max: 65_535 }),
    remark: text,
    sni: domain,
    host: domain,
    path,
    alpn: fc.constantFrom('', 'h2', 'h2,http/1.1'),
    fingerprint: fc.constantFrom('chrome', 'firefox'),
    allowInsecure: fc.boolean(),
    password: text.filter((password) => password !== ''),
    flow: fc.constantFrom('' as const, 'xtls-rprx-vision' as const),
  })
  // Xray has REALITY over these only.
  .filter(
    ({ transport: { network }, security: { tls } }) =>
      tls !== 'reality' || !['ws', 'httpupgrade', 'kcp'].includes(network!),
  )
  // Shadowsocks links cannot tell anything else.
  .map((all) =>
    all.protocol === 'shadowsocks'
      ? { ...all, transport: { network: 'tcp' }, security: { tls: 'none' as const } }
      : all,
  );

it('an entry is the same outbound after link and parsing as in the Xray config, and as the host wants it', () => {
  fc.assert(
    fc.property(wanted, (all) => {
      const { protocol, address, port, remark, sni, host, path: own, password, flow } = all;
      const selfSigned = [{ sha256: 'ab', names: [all.nameInCertificate ?? sni] }];
      const inbound = newInbound({ protocol, selfSigned, ...all.transport, ...all.security });
      const dial: Partial<Host> = {
        remark,
        address: [address],
        port,
        sni: [sni],
        host: [host],
        path: own,
        alpn: all.alpn,
        fingerprint: all.fingerprint,
        allowInsecure: all.allowInsecure,
      };
      const published = { inbounds: [inbound], hostsByTag: new Map([[inbound.tag, [newHost(dial)]]]) };
      const id = '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53';
      const user = newSubscriber({
        proxies: {
          vmess: { id },
          vless: { id, flow },
          trojan: { password, flow: '' },
          shadowsocks: { password, method: 'aes-128-gcm' },
        },
      });

      const [link] = compileShareLinks(published, surroundings)(user, now, first);
      const parsed = factsOf(outboundOf(link!) as JsonObject);
      expect(remarkOf(link!)).toBe(remark);
      const server = {
        address: address,
        port,
        ...(protocol in { vmess: 1, vless: 1 } ? { id } : { password }),
      };
      expect(parsed).toMatchObject({ protocol, server, network: inbound.network, security: inbound.tls });
      if (inbound.tls !== 'none') expect(parsed).toMatchObject({ serverName: sni });
      const isPinned =
        inbound.tls === 'tls' && all.allowInsecure && [null, sni].includes(all.nameInCertificate);
      if (isPinned) expect(parsed).toMatchObject({ pinnedPeerCertSha256: 'ab' });
      else expect(parsed).not.toHaveProperty('pinnedPeerCertSha256');
      if (['ws', 'httpupgrade', 'xhttp'].includes(inbound.network))
        expect(parsed).toMatchObject({ path: own, host });

      const entries = compileEntries(published, surroundings)(user, now, first);
      const [config] = JSON.parse(writeDocument('v2ray-json', entries, DEFAULT_TEMPLATES, first)) as {
        outbounds: JsonObject[];
      }[];
      expect(parsed).toEqual(factsOf(config!.outbounds[0]!));
    }),
    { numRuns: 500 },
  );
});

/** What an Xray outbound says, without what it says by saying nothing. */
function factsOf(outbound: JsonObject) {
  const at = (value: unknown, ...keys: (string | number)[]): unknown =>
    keys.reduce((inner, key) => (inner as JsonObject | undefined)?.[key], value);
  const { settings, streamSettings: stream } = outbound;
  const network = (at(stream, 'network') ?? 'tcp') as string;
  const security = (at(stream, 'security') ?? 'none') as string;
  const secured = (at(stream, `${security}Settings`) ?? {}) as JsonObject;
  const carried = (at(stream, `${network}Settings`) ?? {}) as JsonObject;
  const request = (at(carried, 'header', 'request') ?? {}) as JsonObject;
  const server = at(settings, 'vnext', 0) ?? at(settings, 'servers', 0);
  const user = (at(server, 'users', 0) ?? server) as JsonObject;
  const extra = (carried.extra ?? carried) as JsonObject;
  return {
    protocol: outbound.protocol,
    network,
    security,
    server: {
      address: at(server, 'address'),
      port: at(server, 'port'),
      ...pick(user, 'id', 'flow', 'password', 'method'),
    },
    ...pick(
      secured,
      'serverName',
      'fingerprint',
      'alpn',
      'pinnedPeerCertSha256',
      'verifyPeerCertByName',
      'echConfigList',
      'mldsa65Verify',
      'publicKey',
      'shortId',
      'spiderX',
    ),
    ...(network !== 'kcp' && pick(carried, 'path', 'host', 'serviceName', 'authority', 'mode')),
    finalmask: at(stream, 'finalmask'),
    multiMode: carried.multiMode === true,
    header: at(carried, 'header', 'type') === 'http' && [request.path, at(request.headers, 'Host')],
    ...(network === 'xhttp' && {
      extra: pick(
        extra,
        'scMaxEachPostBytes',
        'scMinPostsIntervalMs',
        'xPaddingBytes',
        'noGRPCHeader',
        'xmux',
      ),
      headers: at(carried, 'extra', 'headers'), // those outside are the template's
    }),
  };
}

function pick(values: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(
    keys.filter((key) => (values[key] ?? '') !== '').map((key) => [key, values[key]]),
  );
}
