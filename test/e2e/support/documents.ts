import { parse } from 'yaml';
import { outboundOf, remarkOf } from './share-link.js';

export type Settings = Record<string, unknown>;

/** The entries of a document by what an application calls them, in the core's own words. */
export type Entries = Map<string, Settings[]>;

/** Reads the entries out of each format as its applications do. An entry of Xray's may have several outbounds. */
export const READ: Record<string, (text: string) => Entries> = {
  v2ray: (text) =>
    new Map(
      Buffer.from(text, 'base64')
        .toString()
        .split('\n')
        .map((link) => [remarkOf(link), [outboundOf(link)]]),
    ),
  'v2ray-json': (text) =>
    new Map(
      (JSON.parse(text) as { remarks: string; outbounds: Settings[] }[]).map(({ remarks, outbounds }) => [
        remarks,
        outbounds,
      ]),
    ),
  'sing-box': (text) =>
    new Map(
      (JSON.parse(text) as { outbounds: (Settings & { tag: string })[] }).outbounds
        .filter(({ server }) => server !== undefined)
        .map((outbound) => [outbound.tag, [outbound]]),
    ),
  'clash-meta': clash,
  clash,
  outline: (text) => {
    const entry = JSON.parse(text) as Settings & { tag?: string };
    return new Map(entry.tag === undefined ? [] : [[entry.tag, [{ ...entry, type: 'shadowsocks' }]]]);
  },
};

function clash(text: string): Entries {
  const { proxies } = parse(text) as { proxies: (Settings & { name: string })[] };
  return new Map(proxies.map((proxy) => [proxy.name, [proxy]]));
}
