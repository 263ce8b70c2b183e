import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse as parseExactly } from 'lossless-json';
import { goldenImport } from './golden-import.js';

export type Engine = 'sqlite' | 'mariadb';

/** What the original answered from this installation. */
export function recordedAnswer<T>(engine: Engine, name: string): T {
  return exact(readFileSync(goldenImport(`expected/${engine}/${name}.json`), 'utf8')) as T;
}

/** What clients of each user downloaded, by user and format. */
export function recordedDocuments(engine: Engine): Record<string, Record<string, unknown>> {
  const packed = readFileSync(goldenImport(`expected/${engine}/bodies.json.gz`));
  return JSON.parse(gunzipSync(packed).toString()) as Record<string, Record<string, unknown>>;
}

/** JSON with whole numbers as `bigint`, however large, and however they are written. */
export const exact = (text: string): unknown =>
  parseExactly(text, undefined, (number) =>
    Number.isInteger(Number(number)) ? BigInt(number.replace(/\.0+$/, '')) : Number(number),
  );

/** The body of a subscription for applications that read links. */
export const readLinks = (body: string): Link[] =>
  Buffer.from(body, 'base64').toString().split('\n').filter(Boolean).map(readLink);

/** Without the password that an account of Shadowsocks has to have there is no such entry here. */
export const isUsable = ({ server }: Link): boolean => !String(server).startsWith(EMPTY_PASSWORD);

const EMPTY_PASSWORD = `ss://${Buffer.from('chacha20-ietf-poly1305:').toString('base64')}@`;

type Link = Record<string, unknown>;

/**
 * A share link with its remark as people see it; without what Marzban does not write and clients ask for, or writes and none
 * understands (`docs/compatibility.md`).
 */
export function readLink(link: string): Link {
  if (link.startsWith('vmess://')) {
    const { insecure: _, ...read } = JSON.parse(Buffer.from(link.slice(8), 'base64').toString()) as Link;
    return comparable(read);
  }
  const [address, remark = ''] = link.split('#');
  const [server, query = ''] = address!.split('?');
  const { encryption: _, flow, extra, ...read } = Object.fromEntries(new URLSearchParams(query));
  return comparable({
    server,
    remark: decodeURIComponent(remark).replace(/ 1970-01-01 .*| ∞ ∞/, ' never'),
    ...read,
    ...(server!.startsWith('vless://') && { flow }),
    ...(extra !== undefined && { extra: readExtra(extra) }),
  });
}

function readExtra(text: string): Link {
  const { scMaxConcurrentPosts: _, ...extra } = JSON.parse(text) as Link;
  return extra;
}

/**
 * The same, without what cannot be equal: what is drawn for `*` (16 hexadecimal digits), one of several names or short
 * ids, what counts down, and digits of a second beyond milliseconds, which are cut here.
 */
export function comparable<T>(value: T): T {
  if (typeof value === 'string') return withoutDrawn(value) as T;
  if (Array.isArray(value)) return value.map(comparable) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, comparable(part)])) as T;
}

const withoutDrawn = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{16}(?=\.)/g, '<drawn>')
    .replaceAll(/\bpick\d(?=\.)/g, 'pick')
    .replace(/^(<drawn>\.edge|panel)(?=\.import-a\.example$)/, '<name>')
    .replaceAll(/\b(a1b2c3d4e5f60718|a0)\b/g, '<short id>')
    .replace(/⏳.*/s, '⏳')
    .replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3})\d{3})?$/, (_, second: string, ms?: string) =>
      ms === undefined || ms === '000' ? second : `${second}.${ms}`,
    );
