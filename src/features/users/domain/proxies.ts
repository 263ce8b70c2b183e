import {
  type Flow,
  type Protocol,
  PROTOCOLS,
  type Proxies,
  type ShadowsocksMethod,
} from '../../../xray/config/types.js';

/** Proxy settings as an operator gives them, in his order: what is missing gets generated. */
export interface ProxyRequests {
  vmess?: { id?: string };
  vless?: { id?: string; flow?: Flow };
  trojan?: { password?: string; flow?: Flow };
  shadowsocks?: { password?: string; method?: ShadowsocksMethod };
}

/** Fresh credentials. */
export interface CredentialSource {
  /** A random UUID in lower case. */
  uuid(): string;
  /** 16 random bytes in URL-safe base64 without padding. */
  password(): string;
}

export function protocolsOf(proxies: Proxies | ProxyRequests): Protocol[] {
  return Object.keys(proxies).filter((key): key is Protocol =>
    (PROTOCOLS as readonly string[]).includes(key),
  );
}

/**
 * Complete settings for every protocol asked for. A protocol the user has already keeps its place, but not its
 * credentials: what the request leaves out is generated anew, and protocols it does not name are gone.
 * Source: Marzban `app/models/proxy.py`, `app/db/crud.py` (`update_user`).
 */
export function completeProxies(
  requests: ProxyRequests,
  fresh: CredentialSource,
  before: Proxies = {},
): Proxies {
  const asked = protocolsOf(requests);
  const kept = protocolsOf(before).filter((protocol) => asked.includes(protocol));
  const proxies: Proxies = {};
  for (const protocol of new Set([...kept, ...asked])) {
    switch (protocol) {
      case 'vmess':
        proxies.vmess = { id: requests.vmess?.id ?? fresh.uuid() };
        break;
      case 'vless':
        proxies.vless = { id: requests.vless?.id ?? fresh.uuid(), flow: requests.vless?.flow ?? '' };
        break;
      case 'trojan':
        proxies.trojan = {
          password: requests.trojan?.password ?? fresh.password(),
          flow: requests.trojan?.flow ?? '',
        };
        break;
      case 'shadowsocks':
        proxies.shadowsocks = {
          password: requests.shadowsocks?.password ?? fresh.password(),
          method: requests.shadowsocks?.method ?? 'chacha20-ietf-poly1305',
        };
    }
  }
  return proxies;
}

/** The same protocols with new credentials; flows and methods stay. */
export function renewCredentials(proxies: Proxies, fresh: CredentialSource): Proxies {
  const { vless, trojan, shadowsocks } = proxies;
  const requests: ProxyRequests = {
    ...(proxies.vmess && { vmess: {} }),
    ...(vless && { vless: { flow: vless.flow } }),
    ...(trojan && { trojan: { flow: trojan.flow } }),
    ...(shadowsocks && { shadowsocks: { method: shadowsocks.method } }),
  };
  return completeProxies(requests, fresh, proxies);
}
