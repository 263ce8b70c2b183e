import { type ResolvedInbound, shadowsocks2022Key } from '../xray/config/index.js';
import type { Host, Subscriber } from './types.js';

/** What a client shows of itself to one inbound. */
export type EntryAccount =
  | { protocol: 'vmess'; id: string }
  /** The flow is empty where the inbound cannot carry it; the encryption may be `none`. */
  | { protocol: 'vless'; id: string; flow: string; encryption: string }
  | { protocol: 'trojan'; password: string }
  /** The method may be one of 2022; the password then holds the server's key as well. */
  | { protocol: 'shadowsocks'; method: string; password: string };

/** One host of one inbound for one user, with everything drawn: what a document's entry is written from. */
export interface Entry {
  inbound: ResolvedInbound;
  dial: Host;
  account: EntryAccount;
  /** The transport's name in the core config; `ws` and `kcp` also for their longer names. */
  network: string;
  /** The transport by one name for all its aliases: `raw`, `ws`, `grpc`, `httpupgrade`, `xhttp`, `kcp`, `http`, … */
  transport: string;
  security: ResolvedInbound['tls'];
  remark: string;
  /** A domain or an IP address, IPv6 without brackets. */
  address: string;
  port: number;
  sni: string;
  /** The Host header, the gRPC authority, or what else the transport calls so. */
  host: string;
  /** For gRPC the service name as a client configures it. */
  path: string;
  /** For gRPC the service name of clients without the multi mode; else the path. */
  gunPath: string;
  alpn: string[];
  shortId: string;
  fingerprint: string;
}

/**
 * Whether the user has an account on the inbound. No core takes an empty password of Shadowsocks, so that is none: one
 * entry with it would make sing-box and mihomo refuse all.
 */
export function mayUse(
  user: Subscriber,
  { protocol, tag }: Pick<ResolvedInbound, 'protocol' | 'tag'>,
): boolean {
  const proxy = user.proxies[protocol];
  if (proxy === undefined || (protocol === 'shadowsocks' && !user.proxies.shadowsocks?.password))
    return false;
  return !user.excludedInbounds[protocol]?.includes(tag);
}

/** With a flow, and over a transport with streams of its own, connections cannot share one. */
export function carriesTcpAlone({ account, transport }: Entry): boolean {
  return transport === 'xhttp' || (account.protocol === 'vless' && account.flow !== '');
}

/** Whether the host wants connections to share one, and they can. */
export function canMux(entry: Entry): boolean {
  return entry.dial.muxEnable && !carriesTcpAlone(entry);
}

/** Method and password as a client needs them: those of 2022 are the inbound's method and both keys. */
export function shadowsocksKeys(
  { shadowsocksMethod, shadowsocksServerKey }: ResolvedInbound,
  { method, password }: { method: string; password: string },
): { method: string; password: string } {
  if (shadowsocksMethod === null || shadowsocksServerKey === undefined) return { method, password };
  const userKey = shadowsocks2022Key(password, shadowsocksMethod);
  return { method: shadowsocksMethod, password: `${shadowsocksServerKey}:${userKey}` };
}
