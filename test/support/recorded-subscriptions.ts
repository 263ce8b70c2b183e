import { readFileSync } from 'node:fs';
import type { Host, PublishedInbounds, Subscriber } from '../../src/client-configs/index.js';
import type { ResolvedInbound } from '../../src/xray/config/types.js';
import { newHost, newInbound, newSubscriber } from './client-configs.js';

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
  mux_enable?: boolean;
  noise_setting?: string;
  random_user_agent?: boolean;
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

export interface RecordedCase {
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
    muxEnable: recorded.mux_enable ?? false,
    noiseSetting: recorded.noise_setting ?? null,
    randomUserAgent: recorded.random_user_agent ?? false,
  });
}

/** The cases of a golden file of subscriptions. */
export function recordedCases<T = RecordedCase>(name: string): T[] {
  const file = new URL(`../golden/subscription/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: T[] }).cases;
}

/** What the case publishes. */
export function publishedIn({ inbounds, hosts }: RecordedCase): PublishedInbounds {
  return {
    inbounds: inbounds.map(toInbound),
    hostsByTag: new Map(
      inbounds.map(({ tag }) => [
        tag,
        (hosts[tag] ?? [AUTOMATIC]).filter((host) => !host.is_disabled).map(toHost),
      ]),
    ),
  };
}

/** Whom the case is about. */
export function subscriberIn({ proxies, excludedInbounds = {} }: RecordedCase): Subscriber {
  return newSubscriber({ proxies, excludedInbounds });
}
