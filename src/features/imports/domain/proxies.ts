import { createHmac } from 'node:crypto';
import {
  type Flow,
  FLOWS,
  type Protocol,
  PROTOCOLS,
  type Proxies,
  SHADOWSOCKS_METHODS,
  type ShadowsocksMethod,
  type TagsByProtocol,
} from '../../../xray/config/types.js';
import type { SourceRow } from '../source/source.js';
import type { Remark } from './remarks.js';
import { clip, RowReader, toId } from './values.js';

/** Marzban stores the names of its enumeration's members. */
const STORED: Record<string, Protocol> = {
  VMess: 'vmess',
  VLESS: 'vless',
  Trojan: 'trojan',
  Shadowsocks: 'shadowsocks',
};
const METHOD = 'chacha20-ietf-poly1305';

/** One row of `proxies`, with the tags it excludes. */
export interface SourceProxy {
  row: SourceRow;
  tags: readonly (string | null)[];
}

export interface ProxyRules {
  /** Inbounds with a row of their own. */
  tags: ReadonlySet<string>;
  /** Of the installation that is imported: what has to be drawn is drawn from it, the same in each run. */
  secret: string;
}

export interface MappedProxies {
  proxies: Proxies;
  excluded: TagsByProtocol;
  remarks: Remark[];
  counts: { proxies: RowCount; exclusions: RowCount };
}
interface RowCount {
  read: number;
  imported: number;
  adjusted: number;
}

/**
 * The credentials of a user: the first row of a protocol gives its place, the last one its settings.
 * Source: Marzban `app/db/models.py` (`User.proxies`), `app/models/proxy.py`.
 */
export function mapProxies(
  userId: bigint,
  username: string,
  rows: readonly SourceProxy[],
  rules: ProxyRules,
): MappedProxies {
  const counts = {
    proxies: { read: rows.length, imported: 0, adjusted: 0 },
    exclusions: { read: 0, imported: 0, adjusted: 0 },
  };
  const remarks: Remark[] = [];
  const kept = new Map<Protocol, { reader: RowReader; proxy: SourceProxy }>();
  const dropExclusions = ({ row, tags }: SourceProxy, what: string) => {
    for (const tag of tags) {
      const reader = new RowReader(row, 'exclude_inbounds_association', toId(row.proxy_id), clip(username));
      remarks.push(...reader.dropped(what, clip(tag ?? 'null')).remarks);
    }
  };
  for (const proxy of rows) {
    counts.exclusions.read += proxy.tags.length;
    const reader = new RowReader(proxy.row, 'proxies', toId(proxy.row.proxy_id), clip(username));
    const type = reader.text('proxy_type') ?? '';
    const protocol = STORED[type] ?? PROTOCOLS.find((known) => known === type.toLowerCase());
    if (!protocol) {
      remarks.push(...reader.refused('a protocol that nobody knows', clip(type)).remarks);
      dropExclusions(proxy, 'of credentials that are left out');
      continue;
    }
    if (!STORED[type]) reader.adjusted('the protocol by its wire name', clip(type));
    const former = kept.get(protocol);
    if (former) {
      remarks.push(...former.reader.dropped('not the last credentials of its protocol', protocol).remarks);
      dropExclusions(former.proxy, 'of credentials that are left out');
    }
    kept.set(protocol, { reader, proxy });
  }
  const proxies: Proxies = {};
  const excluded: TagsByProtocol = {};
  for (const [protocol, { reader, proxy }] of kept) {
    Object.assign(proxies, { [protocol]: settingsOf(protocol, reader, userId, rules.secret) });
    const tags = excludedTags(proxy, username, rules.tags, remarks);
    if (tags.length > 0) excluded[protocol] = tags;
    counts.proxies.imported++;
    if (reader.remarks.some(({ verdict }) => verdict === 'adjusted')) counts.proxies.adjusted++;
    counts.exclusions.imported += tags.length;
    remarks.push(...reader.remarks);
  }
  return { proxies, excluded, remarks, counts };
}

function excludedTags(
  { row, tags }: SourceProxy,
  username: string,
  known: ReadonlySet<string>,
  remarks: Remark[],
): string[] {
  const excluded = new Set<string>();
  for (const tag of tags) {
    const reader = new RowReader(row, 'exclude_inbounds_association', toId(row.proxy_id), clip(username));
    if (tag === null || !known.has(tag)) {
      remarks.push(...reader.dropped('of an inbound without a row', clip(tag ?? 'null')).remarks);
    } else if (excluded.has(tag)) {
      remarks.push(...reader.dropped('the same exclusion once more', clip(tag)).remarks);
    } else excluded.add(tag);
  }
  return [...excluded];
}

function settingsOf(protocol: Protocol, read: RowReader, userId: bigint, secret: string): object {
  const settings = parseSettings(read);
  const drawn = (what: string) =>
    createHmac('sha256', secret).update(`margrave import ${what} ${userId}.${protocol}`).digest();
  const id = () => {
    const uuid = toUuid(settings.id);
    if (uuid === undefined) read.adjusted('the id is missing or no UUID: drawn, once', textOf(settings.id));
    return uuid ?? uuidOf(drawn('id'));
  };
  const password = () => {
    const { password } = settings;
    if (typeof password === 'string') return password.replaceAll('\0', '');
    read.adjusted('the password is missing or no text: drawn, once');
    return drawn('password').subarray(0, 16).toString('base64url');
  };
  switch (protocol) {
    case 'vmess':
      return { id: id() };
    case 'vless':
      return { id: id(), flow: flowOf(settings.flow, read) };
    case 'trojan':
      return { password: password(), flow: flowOf(settings.flow, read) };
    case 'shadowsocks':
      return { password: password(), method: methodOf(settings.method, read) };
  }
}

function parseSettings(read: RowReader): Record<string, unknown> {
  let value = parseJson(read.text('proxy_settings'));
  if (typeof value === 'string') {
    read.adjusted('the settings are encoded twice');
    value = parseJson(value);
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** What was left out, or cannot be any more, is none. */
function flowOf(value: unknown, read: RowReader): Flow {
  if (value === undefined) return '';
  const known = FLOWS.find((flow) => flow === value);
  if (known !== undefined) return known;
  const flow = value === 'xtls-rprx-vision-udp443' ? 'xtls-rprx-vision' : '';
  read.adjusted(flow ? 'a flow that only clients know' : 'a flow that no core knows: none', textOf(value));
  return flow;
}

function methodOf(value: unknown, read: RowReader): ShadowsocksMethod {
  const known = SHADOWSOCKS_METHODS.find((method) => method === value);
  if (known) return known;
  if (value === 'chacha20-poly1305') read.adjusted(`the old name of the method ${METHOD}`);
  else if (value !== undefined) read.adjusted(`a method that no core knows: ${METHOD}`, textOf(value));
  return METHOD;
}

const textOf = (value: unknown): string =>
  clip(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing'));

/** Takes what Python's `UUID` takes: hyphens anywhere, braces, a URN. */
function toUuid(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const digits = value
    .replace('urn:', '')
    .replace('uuid:', '')
    .replace(/^[{}]+|[{}]+$/g, '')
    .replaceAll('-', '')
    .toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? withHyphens(digits) : undefined;
}

function uuidOf(random: Buffer): string {
  const bytes = Buffer.from(random.subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return withHyphens(bytes.toString('hex'));
}

const withHyphens = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
