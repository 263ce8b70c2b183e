import { describe, expect, it } from 'vitest';
import { first, now, surroundings } from '../../test/support/client-configs.js';
import { publishedIn, recordedCases, subscriberIn } from '../../test/support/recorded-subscriptions.js';
import { compileShareLinks } from './share-links.js';

/** What Xray reads of an xhttp `extra`: without keys that no core knows, and the keep-alive where it belongs. */
function mendExtra(extra: Record<string, unknown>): Record<string, unknown> {
  const { scMaxConcurrentPosts: _, keepAlivePeriod, xmux, ...rest } = extra;
  const keepAlive = keepAlivePeriod ? { hKeepAlivePeriod: keepAlivePeriod } : {};
  return keepAlivePeriod || xmux ? { ...rest, xmux: { ...keepAlive, ...(xmux as object) } } : rest;
}

/** A recorded link with the differences we want, each on its own line. */
function mend(link: string): string {
  if (link.startsWith('vmess://')) {
    const json = Buffer.from(link.slice(8), 'base64').toString();
    const members = JSON.parse(json) as Record<string, unknown>;
    if (members.net === 'grpc') members.path = decodeURIComponent(String(members.path)); // JSON needs no escapes of URIs
    // What applications read since Xray has no `allowInsecure`.
    if (members.allowInsecure) members.insecure = '1';
    if (members.extra) members.extra = mendExtra(members.extra as Record<string, unknown>);
    return sorted(members);
  }
  if (!/^(vless|trojan):.*\?/.test(link)) return link.replace('@2001:db8::1:', '@[2001:db8::1]:'); // brackets round IPv6
  let mended = link.replaceAll('+', '%20'); // which every client decodes
  mended = mended.replace('serviceName=%252F', 'serviceName=%2F').replaceAll('%252F', '%2F'); // escaped once
  mended = mended.replace(/(?<=&extra=)[^&#]+/, (extra) =>
    encodeURIComponent(
      JSON.stringify(mendExtra(JSON.parse(decodeURIComponent(extra)) as Record<string, unknown>)),
    ),
  );
  mended = mended.replace('example.com:443,8443?', 'example.com:443?'); // one port that a client can dial
  mended = mended.replace('headerType=dns&seed=s&host=d#', 'headerType=dns&seed=s&host=d.example.com#'); // the whole domain
  if (link.startsWith('trojan:')) return mended.replace(/&flow=[^&]+/, ''); // no core has it any more
  return mended.replace('?', '?encryption=none&'); // required by the documented form
}

function readable(link: string): string {
  return link.startsWith('vmess://')
    ? JSON.stringify(JSON.parse(Buffer.from(link.slice(8), 'base64').toString()))
    : link;
}

function sorted(members: Record<string, unknown>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** A link of Shadowsocks cannot tell a transport or TLS, so there is none. */
const TELLS_TOO_LITTLE = /^ss:.*#ss-ws$/;

const cases = recordedCases('share-links');

describe('share links equal those of Marzban', () => {
  it.each(cases.map((recorded) => [recorded.title, recorded] as const))('%s', (_, recorded) => {
    const links = compileShareLinks(publishedIn(recorded), {
      ...surroundings,
      externalConfig: recorded.externalConfig ?? '',
    });
    const usable = recorded.links.filter((link) => !TELLS_TOO_LITTLE.test(link));
    const expected = usable.map((link) => (link === recorded.externalConfig ? link : mend(link)));
    expect(links(subscriberIn(recorded), now, first).map(readable)).toEqual(expected);
  });

  it('byte for byte in a vmess link without differences', () => {
    const recorded = cases.find(({ title }) => title === 'VMess over WebSocket without TLS')!;
    const links = compileShareLinks(publishedIn(recorded), surroundings);
    expect(links(subscriberIn(recorded), now, first)).toEqual(recorded.links);
  });
});
