import type { Dice, Host, Subscriber, Surroundings } from '../../src/client-configs/index.js';
import type { ResolvedInbound } from '../../src/xray/config/types.js';

export const now = new Date('2026-01-15T12:00:00Z');
/** Chance that always takes the first and salts alike. */
export const first: Dice = { pick: () => 0, salt: () => 'a1b2c3d4e5f60718' };

export const surroundings: Surroundings = {
  serverIp: '198.51.100.7',
  serverIpv6: '[2001:db8::7]',
  statusText: {
    active: 'Active',
    expired: 'Expired',
    limited: 'Limited',
    disabled: 'Disabled',
    on_hold: 'On-Hold',
  },
  externalConfig: '',
};

export function newHost(host: Partial<Host> = {}): Host {
  return {
    remark: 'r',
    address: ['srv.example.com'],
    port: null,
    sni: [],
    host: [],
    path: null,
    security: 'inbound_default',
    alpn: '',
    fingerprint: '',
    allowInsecure: null,
    muxEnable: false,
    fragmentSetting: null,
    noiseSetting: null,
    randomUserAgent: false,
    useSniAsHost: false,
    ...host,
  };
}

export function newInbound(inbound: Partial<ResolvedInbound> = {}): ResolvedInbound {
  return {
    tag: 'A',
    protocol: 'vless',
    port: 443,
    network: 'tcp',
    tls: 'none',
    sni: [],
    host: [],
    path: '',
    headerType: '',
    isFallback: false,
    shadowsocksMethod: null,
    defaultFlow: '',
    ...inbound,
  };
}

export function newSubscriber(user: Partial<Subscriber> = {}): Subscriber {
  return {
    username: 'alice',
    status: 'active',
    usedTraffic: 1152n,
    dataLimit: 10_737_418_240n,
    expireAt: new Date('2026-01-20T12:00:00Z'),
    holdSeconds: null,
    proxies: {
      vmess: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53' },
      vless: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53', flow: '' },
      trojan: { password: 'secret', flow: '' },
      shadowsocks: { password: 'pass', method: 'aes-256-gcm' },
    },
    excludedInbounds: {},
    ...user,
  };
}
