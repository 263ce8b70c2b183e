import { readFileSync } from 'node:fs';
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
import { compileShareLinks } from './share-links.js';
import type { Host, Subscriber } from './types.js';

// What follows is the wire of Marzban, so the names are its own.
interface RecordedHost {
  remark: string;
  address: string;
  port?: number;
  sni?: string;
  host?: string;
  path?: string;
  security?: Host['security'];
  alpn?: string;
  fingerprint?: string;
  allowinsecure?: boolean;
  is_disabled?: boolean;
  fragment_setting?: string;
  use_sni_as_host?: boolean;
}

interface RecordedInbound {
  tag: string;
  protocol: ResolvedInbound['protocol'];
  port: number | string;
  network: string;
  tls: ResolvedInbound['tls'];
  sni: string[];
  host: string | string[];
  path: string;
  header_type: string;
  is_fallback: boolean;
  fp?: string;
  pbk?: string;
  sids?: string[];
  spx?: string | null;
  heartbeatPeriod?: number;
  multiMode?: boolean;
  mode?: string;
}

interface RecordedCase {
  title: string;
  inbounds: RecordedInbound[];
  hosts: Record<string, RecordedHost[]>;
  proxies: Subscriber['proxies'];
  excludedInbounds?: Subscriber['excludedInbounds'];
  externalConfig?: string;
  links: string[];
}

const AUTOMATIC: RecordedHost = {
  remark: '🚀 Marz ({USERNAME}) [{PROTOCOL} - {TRANSPORT}]',
  address: '{SERVER_IP}',
};

function toInbound(recorded: RecordedInbound): ResolvedInbound {
  const { header_type: headerType, is_fallback: isFallback, host, ...rest } = recorded;
  return newInbound({
    ...rest,
    headerType,
    isFallback,
    host: [host].flat(),
    ...(recorded.mode !== undefined && { xhttp: recorded as unknown as ResolvedInbound['xhttp'] }),
  });
}

function toHost(recorded: RecordedHost): Host {
  const list = (text: string | undefined) => text?.split(',') ?? [];
  return newHost({
    remark: recorded.remark,
    address: list(recorded.address),
    port: recorded.port ?? null,
    sni: list(recorded.sni),
    host: list(recorded.host),
    path: recorded.path ?? null,
    security: recorded.security ?? 'inbound_default',
    alpn: recorded.alpn ?? '',
    fingerprint: recorded.fingerprint ?? '',
    allowInsecure: recorded.allowinsecure ?? null,
    fragmentSetting: recorded.fragment_setting ?? null,
    useSniAsHost: recorded.use_sni_as_host ?? false,
  });
}

/** What Xray reads of an xhttp `extra`: without keys that no core knows, and the keep-alive where it belongs. */
function mendExtra(extra: Record<string, unknown>): Record<string, unknown> {
  const { scMaxConcurrentPosts: _, keepAlivePeriod, xmux, ...rest } = extra;
  const keepAlive = keepAlivePeriod ? { hKeepAlivePeriod: keepAlivePeriod } : {};
  return keepAlivePeriod || xmux ? { ...rest, xmux: { ...keepAlive, ...(xmux as object) } } : rest;
}

/** A recorded link with the differences we want, each on its own line. */
function mend(link: string): string {
  if (link.startsWith('vmess://')) {
    const json = Buffer.from(link.slice(8), 'base64').toString();
    const members = JSON.parse(json) as Record<string, unknown>;
    if (members.net === 'grpc') members.path = decodeURIComponent(String(members.path)); // JSON needs no escapes of URIs
    if (members.extra) members.extra = mendExtra(members.extra as Record<string, unknown>);
    return JSON.stringify(members);
  }
  if (!/^(vless|trojan):.*\?/.test(link)) return link.replace('@2001:db8::1:', '@[2001:db8::1]:'); // brackets round IPv6
  let mended = link.replaceAll('+', '%20'); // which every client decodes
  mended = mended.replace('serviceName=%252F', 'serviceName=%2F').replaceAll('%252F', '%2F'); // escaped once
  mended = mended.replace(/(?<=&extra=)[^&#]+/, (extra) =>
    encodeURIComponent(
      JSON.stringify(mendExtra(JSON.parse(decodeURIComponent(extra)) as Record<string, unknown>)),
    ),
  );
  mended = mended.replace('example.com:443,8443?', 'example.com:443?'); // one port that a client can dial
  mended = mended.replace('headerType=dns&seed=s&host=d#', 'headerType=dns&seed=s&host=d.example.com#'); // the whole domain
  if (link.startsWith('trojan:')) return mended.replace(/&flow=[^&]+/, ''); // no core has it any more
  return mended.replace('?', '?encryption=none&'); // required by the documented form
}

function readable(link: string): string {
  return link.startsWith('vmess://')
    ? JSON.stringify(JSON.parse(Buffer.from(link.slice(8), 'base64').toString()))
    : link;
}

const golden = new URL('../../test/golden/subscription/share-links.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(golden, 'utf8')) as { cases: RecordedCase[] };

describe('share links equal those of Marzban', () => {
  it.each(cases.map((recorded) => [recorded.title, recorded] as const))('%s', (_, recorded) => {
    const hostsByTag = new Map(
      recorded.inbounds.map(({ tag }) => [
        tag,
        (recorded.hosts[tag] ?? [AUTOMATIC]).filter((host) => !host.is_disabled).map(toHost),
      ]),
    );
    const links = compileShareLinks(
      { inbounds: recorded.inbounds.map(toInbound), hostsByTag },
      { ...surroundings, externalConfig: recorded.externalConfig ?? '' },
    );
    const user = newSubscriber({
      proxies: recorded.proxies,
      excludedInbounds: recorded.excludedInbounds ?? {},
    });
    const expected = recorded.links.map((link) => (link === recorded.externalConfig ? link : mend(link)));
    expect(links(user, now, first).map(readable)).toEqual(expected);
  });

  it('byte for byte in a vmess link without differences', () => {
    const { inbounds, hosts, proxies, links } = cases.find(
      ({ title }) => title === 'VMess over WebSocket without TLS',
    )!;
    const inbound = toInbound(inbounds[0]!);
    const published = {
      inbounds: [inbound],
      hostsByTag: new Map([[inbound.tag, hosts[inbound.tag]!.map(toHost)]]),
    };
    expect(compileShareLinks(published, surroundings)(newSubscriber({ proxies }), now, first)).toEqual(links);
  });
});
