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
      const address = rest.slice(0, rest.lastIndexOf(':'));
      return {
        protocol: 'shadowsocks',
        settings: { servers: [{ address, port, method, password: password.join(':') }] },
      };
    }
    default:
      throw new Error(`not a share link: ${link}`);
  }
}

function vmess(link: string): Record<string, unknown> {
  const parts = JSON.parse(Buffer.from(link.slice('vmess://'.length), 'base64').toString()) as Record<
    string,
    string
  >;
  const query = new URLSearchParams({
    type: parts.net ?? 'tcp',
    security: parts.tls || 'none',
    path: parts.path ?? '',
    host: parts.host ?? '',
    sni: parts.sni ?? '',
    fp: parts.fp ?? '',
    headerType: parts.type ?? '',
  });
  const users = [{ id: parts.id, alterId: Number(parts.aid ?? 0), security: parts.scy ?? 'auto' }];
  return {
    protocol: 'vmess',
    settings: { vnext: [{ address: parts.add, port: Number(parts.port), users }] },
    streamSettings: stream(query),
  };
}

function stream(query: URLSearchParams): Record<string, unknown> {
  const get = (name: string) => query.get(name) ?? '';
  const network = get('type') || 'tcp';
  const security = get('security') || 'none';
  const settings: Record<string, unknown> = { network, security };
  if (security === 'reality') {
    settings.realitySettings = {
      serverName: get('sni'),
      fingerprint: get('fp') || 'chrome',
      publicKey: get('pbk'),
      shortId: get('sid'),
      spiderX: get('spx'),
    };
  }
  if (network === 'ws')
    settings.wsSettings = { path: get('path'), ...(get('host') ? { host: get('host') } : {}) };
  if (network === 'grpc')
    settings.grpcSettings = { serviceName: get('serviceName'), multiMode: get('mode') === 'multi' };
  if (network === 'httpupgrade') settings.httpupgradeSettings = { path: get('path'), host: get('host') };
  if (network === 'xhttp' || network === 'splithttp') {
    settings.xhttpSettings = { path: get('path'), host: get('host'), mode: get('mode') || 'auto' };
  }
  return settings;
}
