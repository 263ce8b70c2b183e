import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  first,
  newHost,
  newInbound,
  newSubscriber,
  now,
  surroundings,
} from '../../test/support/client-configs.js';
import type { JsonObject, ResolvedInbound } from '../xray/config/types.js';
import {
  compileEntries,
  compileShareLinks,
  DEFAULT_TEMPLATES,
  type Host,
  type Templates,
  writeDocument,
} from './index.js';

/** One host that would spoil a whole document, beside one that is good. */
function publish(inbound: Partial<ResolvedInbound>, host: Partial<Host>) {
  const resolved = newInbound(inbound);
  const hosts = [newHost(host), newHost({ remark: 'good', path: '/good' })];
  return { inbounds: [resolved], hostsByTag: new Map([[resolved.tag, hosts]]) };
}

function singBoxTags(inbound: Partial<ResolvedInbound>, host: Partial<Host>, more: Partial<Templates> = {}) {
  const entries = compileEntries(publish(inbound, host), surroundings)(newSubscriber(), now, first);
  const text = writeDocument('sing-box', entries, { ...DEFAULT_TEMPLATES, ...more }, first);
  const { outbounds } = JSON.parse(text) as { outbounds: (JsonObject & { outbounds?: string[] })[] };
  const tags = outbounds.filter(({ server }) => server !== undefined).map(({ tag }) => tag);
  expect(outbounds.find(({ type }) => type === 'urltest')?.outbounds ?? tags).toEqual(tags);
  return tags;
}

function clashNames(host: Partial<Host>, more: Partial<Templates> = {}) {
  const entries = compileEntries(publish({}, host), surroundings)(newSubscriber(), now, first);
  const text = writeDocument('clash-meta', entries, { ...DEFAULT_TEMPLATES, ...more }, first);
  const config = parse(text) as { proxies: JsonObject[]; 'proxy-groups': { proxies: string[] }[] };
  const names = config.proxies.map(({ name }) => name);
  for (const group of config['proxy-groups']) expect(group.proxies).toEqual(names);
  return names;
}

describe('the remark of a host', () => {
  it.each(['proxy', 'Best Latency', 'direct'])('may be %s, which sing-box has already', (remark) => {
    expect(singBoxTags({}, { remark })).toEqual([`${remark} (2)`, 'good']);
  });

  it('may be that of an endpoint of the operator', () => {
    const singBox = { ...DEFAULT_TEMPLATES.singBox, endpoints: [{ type: 'wireguard', tag: 'home' }] };
    expect(singBoxTags({}, { remark: 'home' }, { singBox })).toEqual(['home (2)', 'good']);
  });

  it('may be empty: sing-box needs a name to know the entry by', () => {
    expect(singBoxTags({}, { remark: '' })).toEqual(['srv.example.com', 'good']);
  });

  it.each(['DIRECT', 'REJECT', 'PASS', '♻️ Automatic'])('may be %s, which Clash has already', (remark) => {
    expect(clashNames({ remark })).toEqual([`${remark} (2)`, 'good']);
  });

  it('may be that of a group of the operator', () => {
    const clash: Templates['clash'] = (proxies, names) => ({
      proxies,
      'proxy-groups': [{ name: 'Mine', type: 'select', proxies: names }],
    });
    expect(clashNames({ remark: 'Mine' }, { clash })).toEqual(['Mine (2)', 'good']);
    expect(clashNames({ remark: '♻️ Automatic' }, { clash })).toEqual(['♻️ Automatic', 'good']);
  });
});

it.each([
  ['/100%', false],
  ['/%zz', false],
  ['/a%20b', true],
  ['/a b?c=d#e', true],
])('sing-box, which reads a path as that of a URL, takes %s: %s', (path, taken) => {
  for (const network of ['ws', 'httpupgrade']) {
    expect(singBoxTags({ network }, { path })).toEqual(taken ? ['r', 'good'] : ['good']);
  }
});

it('a user without a password has no Shadowsocks, as for the cores', () => {
  const published = publish({ protocol: 'shadowsocks' }, {});
  const user = newSubscriber({ proxies: { shadowsocks: { password: '', method: 'aes-256-gcm' } } });
  expect(compileEntries(published, surroundings)(user, now, first)).toEqual([]);
  expect(compileShareLinks(published, surroundings)(user, now, first)).toEqual([]);
});
