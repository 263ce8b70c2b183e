import { isShadowsocks2022, shadowsocks2022Key } from './shadowsocks-2022.js';
import { transportName } from './transport.js';
import { type Account, coreEmail, type CoreUser, type ResolvedInbound } from './types.js';

const CANONICAL_UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/**
 * The account of `user` on `inbound`, or null when there is none: another protocol, excluded, or credentials no
 * core takes (one such account would make Xray refuse its whole config). The config file and the API of a running
 * core get the same account.
 * Source: Marzban `app/xray/config.py`, whose API path had a narrower rule for flows.
 */
export function accountFor(user: CoreUser, inbound: ResolvedInbound): Account | null {
  if (user.excludedInbounds[inbound.protocol]?.includes(inbound.tag)) return null;
  const email = coreEmail(user);
  const { vmess, vless, trojan, shadowsocks } = user.proxies;
  switch (inbound.protocol) {
    case 'vmess': {
      const id = vmess && canonicalUuid(vmess.id);
      return id ? { type: 'vmess', email, id } : null;
    }
    case 'vless': {
      const id = vless && canonicalUuid(vless.id);
      return id
        ? { type: 'vless', email, id, flow: flowOn(inbound, vless.flow || inbound.defaultFlow) }
        : null;
    }
    case 'trojan': // any flow: cores refuse a config that has one for trojan
      return trojan ? { type: 'trojan', email, password: trojan.password } : null;
    case 'shadowsocks': {
      if (!shadowsocks?.password) return null;
      const { password, method } = shadowsocks;
      return inbound.shadowsocksMethod !== null && isShadowsocks2022(inbound.shadowsocksMethod)
        ? { type: 'shadowsocks_2022', email, key: shadowsocks2022Key(password, inbound.shadowsocksMethod) }
        : { type: 'shadowsocks', email, password, method };
    }
  }
}

/** The accounts of `user` by inbound tag, in the order of `inbounds`. */
export function accountsOf(user: CoreUser, inbounds: readonly ResolvedInbound[]): Map<string, Account> {
  const accounts = new Map<string, Account>();
  for (const inbound of inbounds) {
    const account = accountFor(user, inbound);
    if (account) accounts.set(inbound.tag, account);
  }
  return accounts;
}

/**
 * What an inbound finds an account by, as the database's `credential_key` makes it: two accounts with the same are one to it,
 * and it forgets both with either. Undefined where it keeps them apart. Of a VLESS id the third group is not read (since 25.8.29).
 */
export function credentialOf(account: Account): string | undefined {
  switch (account.type) {
    case 'vless':
      return `vless ${account.id
        .replaceAll('-', '')
        .toLowerCase()
        .replace(/^(.{12}).{4}/, '$10000')}`;
    case 'vmess':
      return `vmess ${account.id.replaceAll('-', '').toLowerCase()}`;
    case 'trojan':
      return `trojan ${account.password}`;
    default:
      return undefined;
  }
}

/** `flow` where the inbound can carry it, else none. */
export function flowOn(inbound: ResolvedInbound, flow: string): string {
  const carries =
    inbound.tls !== 'none' &&
    inbound.headerType !== 'http' &&
    ['raw', 'kcp'].includes(transportName(inbound.network));
  return carries ? flow : '';
}

/** Lower case with hyphens, as cores print it; undefined when `id` is no UUID. */
function canonicalUuid(id: string): string | undefined {
  if (CANONICAL_UUID.test(id)) return id;
  const digits = id.replace(/^urn:uuid:|[-{}]/g, '').toLowerCase();
  if (!/^[\da-f]{32}$/.test(digits)) return undefined;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
