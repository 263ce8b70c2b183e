import type { Proxies, ResolvedInbound, TagsByProtocol } from '../xray/config/types.js';

/** What a client dials for an inbound. Empty lists and nulls mean: the inbound's own. */
export interface Host {
  remark: string;
  /** Alternatives; one is drawn per entry. `*` becomes a random salt. */
  address: string[];
  port: number | null;
  sni: string[];
  host: string[];
  path: string | null;
  security: 'inbound_default' | 'none' | 'tls';
  alpn: string;
  fingerprint: string;
  allowInsecure: boolean | null;
  muxEnable: boolean;
  fragmentSetting: string | null;
  noiseSetting: string | null;
  randomUserAgent: boolean;
  useSniAsHost: boolean;
}

/** Everything a client config is made from, except the user. Hosts are the enabled ones, in their order. */
export interface PublishedInbounds {
  inbounds: readonly ResolvedInbound[];
  hostsByTag: ReadonlyMap<string, readonly Host[]>;
}

export type SubscriberStatus = 'active' | 'disabled' | 'limited' | 'expired' | 'on_hold';

/** The user as client configs see it. Traffic in bytes; null means no limit. */
export interface Subscriber {
  username: string;
  status: SubscriberStatus;
  usedTraffic: bigint;
  dataLimit: bigint | null;
  expireAt: Date | null;
  holdSeconds: number | null;
  proxies: Proxies;
  excludedInbounds: TagsByProtocol;
}

/** Settings of the installation that appear in client configs. */
export interface Surroundings {
  serverIp: string;
  /** In square brackets. */
  serverIpv6: string;
  statusText: Record<SubscriberStatus, string>;
  /** Share links of other servers, appended to every list, and to documents if they can be read; empty for none. */
  externalConfig: string;
}

/** Chance, handed in so that output can be reproduced. */
export interface Dice {
  /** An index in [0, length). */
  pick(length: number): number;
  /** 16 lower-case hexadecimal characters, fresh at each call. */
  salt(): string;
}
