/** The protocols whose users the panel manages, in the order of the API's enumeration. */
export const PROTOCOLS = ['vmess', 'vless', 'trojan', 'shadowsocks'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export const SHADOWSOCKS_METHODS = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-ietf-poly1305'] as const;
export type ShadowsocksMethod = (typeof SHADOWSOCKS_METHODS)[number];

export const FLOWS = ['', 'xtls-rprx-vision'] as const;
export type Flow = (typeof FLOWS)[number];

/** A user's credentials per protocol, complete (nothing left to generate). Key order is the user's. */
export interface Proxies {
  vmess?: { id: string };
  vless?: { id: string; flow: Flow };
  trojan?: { password: string; flow: Flow };
  shadowsocks?: { password: string; method: ShadowsocksMethod };
}

/** Inbound tags by protocol. */
export type TagsByProtocol = Partial<Record<Protocol, string[]>>;

/**
 * A listener of the core config as the panel and the subscriptions see it.
 * Source: Marzban `app/xray/config.py`, with the departures of the specification.
 */
export interface ResolvedInbound {
  tag: string;
  protocol: Protocol;
  /**
   * A number, or text such as `"10000-20000"` or `"443,8443"`. 0: the inbound listens on a Unix socket, so only a
   * host can say which port clients dial.
   */
  port: number | string;
  /** As the operator wrote it: `tcp`, `raw`, `ws`, `grpc`, `xhttp`, … */
  network: string;
  tls: 'none' | 'tls' | 'reality';
  sni: string[];
  host: string[];
  path: string;
  headerType: string;
  isFallback: boolean;
  /** REALITY: the fingerprint, public key, short ids and spider path a client needs. */
  fp?: string;
  pbk?: string;
  sids?: string[];
  spx?: string | null;
  /** REALITY: the key by which clients verify an ML-DSA-65 signature; the version that the server demands of them. */
  pqv?: string;
  minClientVer?: string;
  /** TLS: the certificates of the inbound that no authority vouches for. */
  selfSigned?: { sha256: string; names: string[] }[];
  /** TLS: what the operator has clients look at instead: hashes of certificates, names in them. */
  pinned?: string[];
  verifyNames?: string[];
  /** TLS: the list of configs for an encrypted hello, in base64, or where to ask for it. */
  ech?: string;
  /** TLS: the protocols that the server agrees to, if it says so. */
  alpn?: string[];
  /** How the connection itself is disguised, by both sides alike. */
  finalmask?: JsonObject;
  heartbeatPeriod?: number;
  multiMode?: boolean;
  xhttp?: {
    scMaxEachPostBytes: number | string;
    scMaxConcurrentPosts: number | string;
    scMinPostsIntervalMs: number | string;
    xPaddingBytes: number | string;
    xmux: JsonObject;
    mode: string;
    noGRPCHeader: boolean;
    keepAlivePeriod: number;
    /** What else beside these a client needs, where the inbound has it. */
    shared?: JsonObject;
    /** The inbound's own `extra` object, which for the core stands for all of the above but the mode. */
    extra?: JsonObject;
  };
  /** VLESS: what clients write as `encryption`, if not `none`; null where it is not known. */
  encryption?: string | null;
  /** `settings.method` of a shadowsocks inbound; decides between classic and 2022 accounts. */
  shadowsocksMethod: string | null;
  /** The server's key of a shadowsocks 2022 inbound: clients send it together with the user's. */
  shadowsocksServerKey?: string;
  /** `settings.flow` of a vless inbound: what a user without a flow gets. */
  defaultFlow: string;
}

/** Credentials on one inbound, as the core is told them. */
export type Account = { email: string } & (
  | { type: 'vmess'; id: string }
  | { type: 'vless'; id: string; flow: string }
  | { type: 'trojan'; password: string }
  | { type: 'shadowsocks'; password: string; method: ShadowsocksMethod }
  | { type: 'shadowsocks_2022'; key: string }
);

/** What a core must know of a user: who it is and which inbounds it may use. */
export interface CoreUser {
  id: number;
  username: string;
  proxies: Proxies;
  excludedInbounds: TagsByProtocol;
}

/** JSON as it was parsed; integers that a double cannot hold are `bigint`. */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/** Xray's config, checked so far that every listener and way out has its own name. */
export interface CoreConfigJson extends JsonObject {
  inbounds: (JsonObject & { tag: string; protocol: string })[];
  outbounds: (JsonObject & { tag: string })[];
}

/** The user's name in the core's statistics and account lists: `<id>.<username>`. */
export function coreEmail(user: { id: number; username: string }): string {
  return `${user.id}.${user.username}`;
}
