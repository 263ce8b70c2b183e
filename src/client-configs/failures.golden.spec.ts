import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { first, newHost, newSubscriber, now, surroundings } from '../../test/support/client-configs.js';
import { recordedCases } from '../../test/support/recorded-subscriptions.js';
import { type CoreConfigJson, type JsonObject, resolveInbounds } from '../xray/config/index.js';
import {
  compileEntries,
  compileShareLinks,
  DEFAULT_TEMPLATES,
  type DocumentFormat,
  type Subscriber,
  writeDocument,
} from './index.js';

interface Failure {
  title: string;
  inbound: JsonObject;
  host: { remark: string; address: string; path?: string; random_user_agent?: boolean };
  proxies: Subscriber['proxies'];
  /** 500 was an unhandled exception, for this user and all others. */
  status: Record<string, number>;
}

/** What there is instead: nothing where no client could use the host, else one entry. */
const LEFT_OUT = ['brace in host path', 'brace in inbound path', 'empty placeholder in host path'];
/** sing-box has gRPC service names only, no paths. */
const NOT_IN_SING_BOX = ['multi gRPC path without a bar'];
/** Refused with the core config. */
const REFUSED = ['port missing and no fallback'];

function publish({
  inbound,
  host: { random_user_agent: randomUserAgent = false, address, ...host },
}: Failure) {
  const config = { inbounds: [inbound], outbounds: [] } as unknown as CoreConfigJson;
  const inbounds = resolveInbounds(config, {
    excludeTags: [],
    fallbacksTag: '',
    readCertificate: () => '',
  });
  return {
    inbounds,
    hostsByTag: new Map([['A', [newHost({ ...host, address: [address], randomUserAgent })]]]),
  };
}

function countIn(format: DocumentFormat, text: string): number {
  if (format === 'v2ray-json') return (JSON.parse(text) as unknown[]).length;
  if (format === 'clash-meta') return (parse(text) as { proxies: unknown[] }).proxies.length;
  const { outbounds } = JSON.parse(text) as { outbounds: JsonObject[] };
  return outbounds.filter(({ type }) => type === 'vless' || type === 'vmess').length;
}

describe('where Marzban failed for all', () => {
  const cases = recordedCases<Failure>('failures').map((failure) => [failure.title, failure] as const);

  it.each(cases)('there is an answer in each format: %s', (title, failure) => {
    if (REFUSED.includes(title)) {
      expect(() => publish(failure)).toThrow("doesn't have port");
      return;
    }
    const published = publish(failure);
    const user = newSubscriber({ proxies: failure.proxies });
    const expected = LEFT_OUT.includes(title) ? 0 : 1;
    const links = compileShareLinks(published, surroundings)(user, now, first);
    expect(links).toHaveLength(expected);
    expect(links.join()).not.toMatch(/None|undefined|null/);
    for (const format of ['v2ray-json', 'clash-meta', 'sing-box'] as const) {
      const entries = compileEntries(published, surroundings)(user, now, first);
      const text = writeDocument(format, entries, DEFAULT_TEMPLATES, first);
      const isMissing = format === 'sing-box' && NOT_IN_SING_BOX.includes(title);
      expect([format, countIn(format, text)]).toEqual([format, isMissing ? 0 : expected]);
    }
  });
});
