// Parts of core configs that several tests use.

export const direct = { tag: 'DIRECT', protocol: 'freedom' };
export const ws = {
  tag: 'VMess WS',
  listen: '127.0.0.1',
  port: 18201,
  protocol: 'vmess',
  settings: { clients: [] },
  streamSettings: { network: 'ws', wsSettings: { path: '/w' } },
};
export const trojan = {
  tag: 'Trojan',
  listen: '127.0.0.1',
  port: '18202-18204',
  protocol: 'trojan',
  settings: {},
};

export function coreConfig(inbounds: object[]): { inbounds: object[]; outbounds: object[] } {
  return { inbounds, outbounds: [direct] };
}
