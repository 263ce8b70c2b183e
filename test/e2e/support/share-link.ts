/** An Xray outbound made from a share link, as a client application would: independent of the code under test. */
export function outboundOf(link: string): Record<string, unknown> {
  if (link.startsWith('vmess://')) return vmess(link);
  const url = new URL(link);
  const endpoint = { address: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
  const user = decodeURIComponent(url.username);
  switch (url.protocol) {
    case 'vless:': {
      const { flow, encryption } = Object.fromEntries(url.searchParams);
      const users = [{ id: user, encryption: encryption ?? 'none', ...(flow ? { flow } : {}) }];
      return {
        protocol: 'vless',
        settings: { vnext: [{ ...endpoint, users }] },
        streamSettings: stream(url.searchParams),
      };
    }
    case 'trojan:':
      return {
        protocol: 'trojan',
        settings: { servers: [{ ...endpoint, password: user }] },
        streamSettings: stream(url.searchParams),
      };
    case 'ss:': {
      const [, encoded = '', rest = ''] = /^ss:\/\/([^@]+)@([^#?]+)/.exec(link) ?? [];
      const [method, ...password] = Buffer.from(decodeURIComponent(encoded), 'base64').toString().split(':');
      const port = Number(rest.slice(rest.lastIndexOf(':') + 1));
      const address = rest.slice(0, rest.lastIndexOf(':')).replace(/^\[|\]$/g, '');
      return {
        protocol: 'shadowsocks',
        settings: { servers: [{ address, port, method, password: password.join(':') }] },
      };
    }
    default:
      throw new Error(`not a share link: ${link}`);
  }
}

/** What an application calls the entry. */
export function remarkOf(link: string): string {
  if (link.startsWith('vmess://')) return String(vmessParts(link).ps);
  return decodeURIComponent(link.slice(link.indexOf('#') + 1));
}

function vmessParts(link: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(link.slice('vmess://'.length), 'base64').toString()) as Record<
    string,
    unknown
  >;
}

/** The parameters of the other links by the names that vmess has for them. */
const VMESS_NAMES = {
  type: 'net',
  security: 'tls',
  path: 'path',
  serviceName: 'path',
  host: 'host',
  authority: 'host',
  seed: 'path',
  sni: 'sni',
  fp: 'fp',
  alpn: 'alpn',
  pbk: 'pbk',
  sid: 'sid',
  spx: 'spx',
  pcs: 'pcs',
  vcn: 'vcn',
  ech: 'ech',
  pqv: 'pqv',
  fm: 'fm',
  headerType: 'type',
};

function vmess(link: string): Record<string, unknown> {
  const parts = vmessParts(link);
  const text = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value ?? ''));
  const query = new URLSearchParams(
    Object.entries(VMESS_NAMES).map(([name, own]) => [name, text(parts[own])]),
  );
  const isXhttp = ['xhttp', 'splithttp'].includes(text(parts.net));
  query.set('mode', text(isXhttp ? parts.type : parts.mode));
  query.set('extra', text(parts.extra));
  const users = [{ id: parts.id, alterId: Number(parts.aid ?? 0), security: parts.scy ?? 'auto' }];
  return {
    protocol: 'vmess',
    settings: { vnext: [{ address: parts.add, port: Number(parts.port), users }] },
    streamSettings: stream(query),
  };
}

function stream(query: URLSearchParams): Record<string, unknown> {
  const network = query.get('type') || 'tcp';
  const security = query.get('security') || 'none';
  const settings: Record<string, unknown> = { network, security };
  if (security === 'reality') {
    settings.realitySettings = {
      serverName: query.get('sni') ?? '',
      fingerprint: query.get('fp') || 'chrome',
      publicKey: query.get('pbk') ?? '',
      shortId: query.get('sid') ?? '',
      spiderX: query.get('spx') ?? '',
      ...(query.get('pqv') ? { mldsa65Verify: query.get('pqv') } : {}),
    };
  }
  if (security === 'tls') {
    settings.tlsSettings = {
      serverName: query.get('sni') ?? '',
      ...(query.get('fp') ? { fingerprint: query.get('fp') } : {}),
      ...(query.get('alpn') ? { alpn: query.get('alpn')!.split(',') } : {}),
      ...(query.get('pcs') ? { pinnedPeerCertSha256: query.get('pcs') } : {}),
      ...(query.get('vcn') ? { verifyPeerCertByName: query.get('vcn') } : {}),
      ...(query.get('ech') ? { echConfigList: query.get('ech') } : {}),
    };
  }
  const transport = transportOf(network, query);
  if (transport) settings[`${network}Settings`] = transport;
  if (query.get('fm')) settings.finalmask = JSON.parse(query.get('fm')!);
  return settings;
}

function transportOf(network: string, query: URLSearchParams): Record<string, unknown> | undefined {
  const get = (name: string) => query.get(name) ?? '';
  const named = (name: string) => (get(name) ? { [name]: get(name) } : {});
  switch (network) {
    case 'tcp':
    case 'raw': {
      if (get('headerType') !== 'http') return undefined;
      const headers = get('host') ? { Host: get('host').split(',') } : {};
      return { header: { type: 'http', request: { path: [get('path') || '/'], headers } } };
    }
    case 'ws':
    case 'httpupgrade':
      return { path: get('path'), ...named('host') };
    case 'grpc':
      return { serviceName: get('serviceName'), ...named('authority'), multiMode: get('mode') === 'multi' };
    case 'xhttp':
    case 'splithttp': {
      const extra = get('extra') ? { extra: JSON.parse(get('extra')) as unknown } : {};
      return { path: get('path'), ...named('host'), mode: get('mode') || 'auto', ...extra };
    }
    default:
      return undefined;
  }
}
