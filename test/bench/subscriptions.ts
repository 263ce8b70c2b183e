import type pg from 'pg';
import type { Connection } from '../../src/shared/database/data-source.js';
import { compare, type Comparison, ratioRow, type Side } from './compare.js';
import { fillRaw, startRaw } from './raw.js';
import type { Row } from './report.js';
import type { BenchService } from './service.js';

const ENTRIES = 20;
/** So many that each fetch is another user's. */
const SUBSCRIBERS = 1000;
/** CPU of the service for a whole fetch, rendering included, ms. */
const LINKS_MS = 1;
const DOCUMENT_MS = 3;
const DOCUMENTS = ['v2ray-json', 'sing-box', 'clash', 'clash-meta'];
/** Headers that every server makes anew. */
const OF_A_CONNECTION = ['connection', 'keep-alive', 'date', 'content-length'];

/** Fetches of users with 20 entries, in each format, beside the raw reference that has the same bytes ready made. */
export async function subscriptionRows(service: BenchService, connection: Connection): Promise<Row[]> {
  await useTwentyEntries(service);
  const tokens = await addSubscribers(service);
  const formats = ['v2ray', ...DOCUMENTS];
  await fillRaw(connection, (db) => fillSubscriptions(db, service, tokens, formats));
  const raw = await startRaw(connection, tokens.length);
  try {
    const ours: Side = { url: service.url, pid: service.pid, headers: {} };
    const theirs: Side = { url: raw.url, pid: raw.child.pid!, headers: {} };
    const fetches = (format: string) =>
      compare(ours, theirs, () => ({ path: `/sub/${oneOf(tokens)}/${format}` }));
    const links = await fetches('v2ray');
    const rows = [ratioRow(`fetch ${ENTRIES} links`, 0.6, links), cpuRow('links', LINKS_MS, links)];
    for (const format of DOCUMENTS) rows.push(cpuRow(format, DOCUMENT_MS, await fetches(format)));
    return rows;
  } finally {
    raw.child.kill('SIGTERM');
  }
}

function cpuRow(format: string, target: number, { ours, ratio }: Comparison): Row {
  const ms = ours.cpu / 1000;
  return {
    name: `CPU of a fetch of ${ENTRIES} entries: ${format}`,
    measured: `${ms.toFixed(2)} ms (${ratio.toFixed(2)}× raw: ${ours.perSecond}/s)`,
    target: `≤ ${target} ms`,
    ok: ms <= target,
  };
}

/** The hosts of every inbound become as many as make 20 entries for a user of all protocols. */
async function useTwentyEntries(service: BenchService): Promise<void> {
  const inbounds: Record<string, { tag: string }[]> = await service.call('GET', '/api/inbounds');
  const tags = Object.values(inbounds)
    .flat()
    .map(({ tag }) => tag);
  const hosts = tags.map((): object[] => []);
  for (let i = 0; i < ENTRIES; i++) {
    const remark = `Server ${i} ({USERNAME})`;
    hosts[i % tags.length]!.push({ remark, address: `server${i}.example.com`, sni: 'www.example.com' });
  }
  await service.call('PUT', '/api/hosts', Object.fromEntries(tags.map((tag, i) => [tag, hosts[i]])));
}

/** Users of all protocols; returns the tokens of their links. */
async function addSubscribers(service: BenchService): Promise<string[]> {
  const protocols = Object.keys(await service.call('GET', '/api/inbounds'));
  const proxies = Object.fromEntries(protocols.map((protocol) => [protocol, {}]));
  const tokens: string[] = [];
  for (let i = 0; i < SUBSCRIBERS; i++) {
    const user = await service.call('POST', '/api/user', { username: `subscriber${i}`, proxies });
    tokens.push(user.subscription_url.split('/').at(-1));
  }
  return tokens;
}

async function fillSubscriptions(
  db: pg.Client,
  service: BenchService,
  tokens: string[],
  formats: string[],
): Promise<void> {
  await db.query(
    `CREATE TABLE raw_subscriptions (
       token text, format text, headers json NOT NULL, body text NOT NULL, PRIMARY KEY (token, format))`,
  );
  for (const token of tokens) {
    const answers = await Promise.all(
      formats.map((format) => fetch(`${service.url}/sub/${token}/${format}`)),
    );
    const headers = answers.map((answer) =>
      JSON.stringify(
        Object.fromEntries([...answer.headers].filter(([name]) => !OF_A_CONNECTION.includes(name))),
      ),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    await db.query(
      'INSERT INTO raw_subscriptions SELECT $1, * FROM unnest($2::text[], $3::json[], $4::text[])',
      [token, formats, headers, bodies],
    );
  }
}

function oneOf<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)]!;
}
