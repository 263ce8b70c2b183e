import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Proxies } from '../../../xray/config/types.js';
import {
  completeProxies,
  type CredentialSource,
  protocolsOf,
  type ProxyRequests,
  renewCredentials,
} from './proxies.js';

function counting(): CredentialSource {
  let made = 0;
  return { uuid: () => `uuid ${++made}`, password: () => `password ${++made}` };
}

it.each<[string, ProxyRequests, Proxies | undefined, Proxies]>([
  [
    'generates what is missing',
    { vmess: {}, vless: {}, trojan: {}, shadowsocks: {} },
    undefined,
    {
      vmess: { id: 'uuid 1' },
      vless: { id: 'uuid 2', flow: '' },
      trojan: { password: 'password 3', flow: '' },
      shadowsocks: { password: 'password 4', method: 'chacha20-ietf-poly1305' },
    },
  ],
  [
    'keeps what is given, an empty password too',
    { vless: { id: 'mine', flow: 'xtls-rprx-vision' }, trojan: { password: '' } },
    undefined,
    { vless: { id: 'mine', flow: 'xtls-rprx-vision' }, trojan: { password: '', flow: '' } },
  ],
  [
    'makes new credentials for a protocol that is named without them',
    { vmess: {} },
    { vmess: { id: 'old' } },
    { vmess: { id: 'uuid 1' } },
  ],
  [
    'drops protocols that are not named',
    { vmess: { id: 'a' } },
    { trojan: { password: 'p', flow: '' } },
    { vmess: { id: 'a' } },
  ],
])('a request for proxies %s', (_, requests, before, expected) => {
  expect(completeProxies(requests, counting(), before)).toEqual(expected);
});

it('keeps the order of the operator, and of the user before it', () => {
  const before = completeProxies({ trojan: {}, vmess: {} }, counting());
  expect(protocolsOf(before)).toEqual(['trojan', 'vmess']);
  const after = completeProxies({ vless: {}, vmess: {}, trojan: {} }, counting(), before);
  expect(protocolsOf(after)).toEqual(['trojan', 'vmess', 'vless']);
});

it('renews every credential and nothing else', () => {
  const proxies: Proxies = {
    shadowsocks: { password: 'old', method: 'aes-128-gcm' },
    vless: { id: 'old', flow: 'xtls-rprx-vision' },
    vmess: { id: 'old' },
  };
  const renewed = renewCredentials(proxies, counting());
  expect(renewed).toEqual({
    shadowsocks: { password: 'password 1', method: 'aes-128-gcm' },
    vless: { id: 'uuid 2', flow: 'xtls-rprx-vision' },
    vmess: { id: 'uuid 3' },
  });
  expect(protocolsOf(renewed)).toEqual(protocolsOf(proxies));
});

it('holds exactly the protocols that are asked for', () => {
  const requests = fc.record(
    {
      vmess: fc.constant({}),
      vless: fc.constant({}),
      trojan: fc.constant({}),
      shadowsocks: fc.constant({}),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(requests, requests, (asked, had) => {
      const proxies = completeProxies(asked, counting(), completeProxies(had, counting()));
      expect(new Set(protocolsOf(proxies))).toEqual(new Set(protocolsOf(asked)));
    }),
  );
});
