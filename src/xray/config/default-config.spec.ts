import { expect, it } from 'vitest';
import {
  DEFAULT_PORTS,
  DEFAULT_REALITY_TARGET,
  defaultCoreConfig,
  parseCoreConfig,
  resolveInbounds,
} from './index.js';

const text = defaultCoreConfig({
  privateKey: 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os',
  shortId: '0123456789abcdef',
  realityTarget: DEFAULT_REALITY_TARGET,
  ports: DEFAULT_PORTS,
});
const config = parseCoreConfig(text);
const inbounds = resolveInbounds(config, { excludeTags: [], fallbacksTag: '', readCertificate: () => '' });

it('the default config needs neither geo files nor certificates', () => {
  expect(text).not.toMatch(/geoip|geosite|certificate/);
});

it('the default config listens on ports of its own that any user may bind', () => {
  const ports = inbounds.map(({ port }) => Number(port));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.min(...ports)).toBeGreaterThan(1024);
});

it('the default config gives clients what they need for REALITY', () => {
  expect(inbounds[0]).toMatchObject({
    protocol: 'vless',
    tls: 'reality',
    sni: [DEFAULT_REALITY_TARGET.host],
    pbk: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08',
    sids: ['0123456789abcdef'],
  });
});

it('the default config keeps users out of private networks', () => {
  const { rules } = config.routing as { rules: { ip: string[]; outboundTag: string }[] };
  expect(rules[0]).toMatchObject({ outboundTag: 'BLOCK' });
  expect(rules[0]?.ip).toEqual(
    expect.arrayContaining(['127.0.0.0/8', '10.0.0.0/8', '169.254.0.0/16', '::1/128']),
  );
  expect(config.outbounds.map(({ tag }) => tag)).toEqual(['DIRECT', 'BLOCK']);
});
