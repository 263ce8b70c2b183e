import type pg from 'pg';
import { median, type Row } from './report.js';
import type { BenchService } from './service.js';

const TARGET = 3;
const ROUNDS = 15;
const DEEP = 50_000;
const SORTS = ['username', 'used_traffic', 'data_limit', 'expire', 'created_at'];

/** Pages of 100 from all users, in every order and with every filter, against the first page of the plain list. */
export async function listRows(service: BenchService, db: pg.Client, users: number): Promise<Row[]> {
  await spread(db);
  const pages: [string, string][] = [
    ['deep', `offset=${DEEP}`],
    ['status', 'status=expired'],
    ['status, deep', `status=active&offset=${DEEP}`],
    ['owner', 'admin=bench'],
    ['search by name', 'search=ser0500'],
    ['search by name, one match', 'search=user077777'],
    ...SORTS.flatMap((sort): [string, string][] => [
      [`by ${sort}`, `sort=${sort}`],
      [`by ${sort}, downwards`, `sort=-${sort}`],
      [`by ${sort}, deep`, `sort=${sort}&offset=${DEEP}`],
      [`by ${sort}, of one status`, `sort=-${sort}&status=active`],
    ]),
  ];
  await time(service, ''); // plans and caches
  const first = await time(service, '');
  const rows: Row[] = [];
  for (const [name, query] of pages) {
    const taken = await time(service, query);
    const ratio = taken / first;
    rows.push({
      name: `list 100 of ${users}: ${name}`,
      measured: `${ratio.toFixed(1)}× the first page (${taken.toFixed(1)} ms)`,
      target: `≤ ${TARGET}×`,
      ok: ratio <= TARGET,
    });
  }
  rows.push(await streamRow(service, users));
  return rows;
}

async function time(service: BenchService, query: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    await service.call('GET', `/api/users?limit=100&${query}`);
    times.push(performance.now() - begun);
  }
  return median(times);
}

/** Every value that lists are sorted by becomes one of many. */
async function spread(db: pg.Client): Promise<void> {
  await db.query(
    `UPDATE users SET data_limit = CASE WHEN id % 7 = 0 THEN NULL ELSE 1e9 + id * 7919 % 100003 END,
                      expire_at = CASE WHEN id % 5 = 0 THEN NULL ELSE timestamptz '2027-01-01' + id * 7919 % 100003 * interval '1 minute' END,
                      created_at = timestamptz '2025-01-01' + id * 7919 % 100003 * interval '1 minute',
                      status = CASE WHEN id % 10 = 3 THEN 'expired' ELSE 'active' END::user_status`,
  );
  await db.query('UPDATE user_usage SET used_traffic = user_id::bigint * 7919 % 100003');
  await db.query('TRUNCATE user_change');
  await db.query('VACUUM FULL users');
  await db.query('VACUUM FULL user_usage');
  await db.query('VACUUM ANALYZE');
}

/** All users in one answer: how early it begins, and how much memory it takes. */
async function streamRow(service: BenchService, users: number): Promise<Row> {
  const before = service.memory();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, service.memory())), 20);
  const begun = performance.now();
  const answer = await fetch(`${service.url}/api/users`, {
    headers: { authorization: `Bearer ${service.token}` },
  });
  let first = 0;
  let bytes = 0;
  for await (const chunk of answer.body!) {
    first ||= performance.now() - begun;
    bytes += (chunk as Uint8Array).length;
  }
  clearInterval(watch);
  const growth = peak - before;
  return {
    name: `list all ${users}`,
    measured: `first byte after ${first.toFixed(0)} ms, ${(bytes / 1e6).toFixed(0)} MB in ${((performance.now() - begun) / 1000).toFixed(1)} s, memory +${growth.toFixed(0)} MB`,
    target: '+100 MB',
    ok: growth <= 100 && first <= 500,
  };
}
