/** The values an operator can choose from, in the words of the API. */
export const SECURITIES = ['inbound_default', 'none', 'tls'] as const;
export const ALPNS = ['', 'h3', 'h2', 'http/1.1', 'h3,h2,http/1.1', 'h3,h2', 'h2,http/1.1'] as const;
export const FINGERPRINTS = [
  '',
  'chrome',
  'firefox',
  'safari',
  'ios',
  'android',
  'edge',
  '360',
  'qq',
  'random',
  'randomized',
] as const;

/** A host as an operator wrote it: one way for clients to reach an inbound. */
export interface HostSettings {
  remark: string;
  /** Comma-separated alternatives, as are `sni` and `host`. */
  address: string;
  /** Null and 0: the inbound's. */
  port: number | null;
  sni: string | null;
  host: string | null;
  path: string | null;
  security: (typeof SECURITIES)[number];
  alpn: (typeof ALPNS)[number];
  fingerprint: (typeof FINGERPRINTS)[number];
  allowInsecure: boolean | null;
  isDisabled: boolean;
  muxEnable: boolean;
  fragmentSetting: string | null;
  noiseSetting: string | null;
  randomUserAgent: boolean;
  useSniAsHost: boolean;
}

/** A host that takes everything but its address from the inbound. */
export function plainHost(remark: string, address: string): HostSettings {
  return {
    remark,
    address,
    port: null,
    sni: null,
    host: null,
    path: null,
    security: 'inbound_default',
    alpn: '',
    fingerprint: '',
    allowInsecure: null,
    isDisabled: false,
    muxEnable: false,
    fragmentSetting: null,
    noiseSetting: null,
    randomUserAgent: false,
    useSniAsHost: false,
  };
}

/** A host in its place: hosts of an inbound are ordered by position. */
export interface PlacedHost extends HostSettings {
  inboundTag: string;
  position: number;
}

export interface StoredHost extends PlacedHost {
  id: number;
}
