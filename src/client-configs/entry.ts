import { flowOn, type ResolvedInbound, shadowsocks2022Key, transportName } from '../xray/config/index.js';
import { type EntryPlan, planEntries } from './entries.js';
import { externalEntries } from './external-entries.js';
import { fixed, render, type Text, Turn } from './text.js';
import type { Dice, Host, PublishedInbounds, Subscriber, Surroundings } from './types.js';

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

export type DrawEntries = (user: Subscriber, now: Date, dice: Dice) => Entry[];

/**
 * Prepares the entries of all users. The returned function gives those of one, in the order of the core config and of
 * the hosts, whatever the user's status, and after them those of links of the operator's own.
 * Source: Marzban `app/subscription/share.py`; differences are listed in `docs/compatibility.md`.
 */
export function compileEntries(published: PublishedInbounds, surroundings: Surroundings): DrawEntries {
  const { plans } = planEntries(published, surroundings);
  const external = externalEntries(surroundings.externalConfig).entries;
  return (user, now, dice) => {
    const turn = new Turn(user, now, dice, surroundings);
    const own = plans.filter(({ inbound }) => mayUse(user, inbound)).map((plan) => drawEntry(plan, turn));
    return [...own, ...external];
  };
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

function drawEntry(plan: EntryPlan, turn: Turn): Entry {
  const { inbound, dial, network, security, fingerprint } = plan;
  const draw = (text: Text) => fixed(text) ?? render(text, turn);
  return {
    inbound,
    dial,
    account: accountOn({ ...inbound, tls: security }, turn.user),
    network,
    transport: network === 'gun' ? 'grpc' : transportName(network),
    security,
    remark: draw(plan.remark),
    address: draw(plan.address),
    port: Number(draw(plan.port)),
    sni: draw(plan.sni),
    host: draw(plan.host),
    path: draw(plan.path),
    gunPath: draw(plan.gunPath),
    alpn: plan.alpn === '' ? [] : plan.alpn.split(','),
    shortId: draw(plan.shortId),
    fingerprint,
  };
}

/** The account of a user who may use the inbound. */
function accountOn(inbound: ResolvedInbound, user: Subscriber): EntryAccount {
  const { vmess, vless, trojan, shadowsocks } = user.proxies as Required<Subscriber['proxies']>;
  switch (inbound.protocol) {
    case 'vmess':
      return { protocol: 'vmess', id: vmess.id.toLowerCase() };
    case 'vless': {
      const flow = flowOn(inbound, vless.flow || inbound.defaultFlow);
      return {
        protocol: 'vless',
        id: vless.id.toLowerCase(),
        flow,
        encryption: inbound.encryption ?? 'none',
      };
    }
    case 'trojan':
      return { protocol: 'trojan', password: trojan.password };
    case 'shadowsocks':
      return { protocol: 'shadowsocks', ...shadowsocksKeys(inbound, shadowsocks) };
  }
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
