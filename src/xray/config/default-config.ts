/** What makes one installation's default config its own. */
export interface DefaultConfigParts {
  /** X25519 private key, base64url without padding. */
  privateKey: string;
  /** 16 hexadecimal digits. */
  shortId: string;
  /** The web server a REALITY listener looks like; it must speak TLS 1.3. */
  realityTarget: { host: string; port: number };
  ports: DefaultPorts;
}

export interface DefaultPorts {
  reality: number;
  webSocket: number;
  shadowsocks: number;
}

/** Ports that any user may bind and that CDNs forward. */
export const DEFAULT_PORTS: DefaultPorts = { reality: 8443, webSocket: 8880, shadowsocks: 1080 };

export const DEFAULT_REALITY_TARGET = { host: 'www.nvidia.com', port: 443 };

/** What is no public address, written out so that no geo file is needed. */
const PRIVATE_NETWORKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

/**
 * A core config, as JSON text, that works at once and without a certificate: VLESS with REALITY, VMess over
 * WebSocket (for a CDN or a web server in front), Shadowsocks. As in Marzban's, users cannot reach private networks.
 */
export function defaultCoreConfig({ privateKey, shortId, realityTarget, ports }: DefaultConfigParts): string {
  const config = {
    log: { loglevel: 'warning' },
    routing: { rules: [{ type: 'field', ip: PRIVATE_NETWORKS, outboundTag: 'BLOCK' }] },
    inbounds: [
      {
        tag: 'VLESS TCP REALITY',
        listen: '0.0.0.0',
        port: ports.reality,
        protocol: 'vless',
        settings: { clients: [], decryption: 'none' },
        streamSettings: {
          network: 'tcp',
          security: 'reality',
          realitySettings: {
            show: false,
            target: `${realityTarget.host}:${realityTarget.port}`,
            xver: 0,
            serverNames: [realityTarget.host],
            privateKey,
            shortIds: [shortId],
          },
        },
      },
      {
        tag: 'VMess WebSocket',
        listen: '0.0.0.0',
        port: ports.webSocket,
        protocol: 'vmess',
        settings: { clients: [] },
        streamSettings: { network: 'ws', security: 'none', wsSettings: { path: '/vmess' } },
      },
      {
        tag: 'Shadowsocks TCP',
        listen: '0.0.0.0',
        port: ports.shadowsocks,
        protocol: 'shadowsocks',
        settings: { clients: [], network: 'tcp,udp' },
      },
    ],
    outbounds: [
      { protocol: 'freedom', tag: 'DIRECT' },
      { protocol: 'blackhole', tag: 'BLOCK' },
    ],
  };
  return JSON.stringify(config);
}
