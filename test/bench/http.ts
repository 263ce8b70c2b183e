import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import pg from 'pg';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { median, type Row } from './report.js';
import type { BenchService } from './service.js';

const SECONDS = 4;
const ROUNDS = 3;
const CONNECTIONS = 16;

interface Side {
  url: string;
  pid: number;
  headers: Record<string, string>;
}

interface Measure {
  perSecond: number;
  /** CPU of the Node process per request, µs. */
  cpu: number;
}

/** Requests per second of the service, as a ratio to the raw reference answering the same bytes in the same run. */
export async function httpRows(service: BenchService, connection: Connection, users: number): Promise<Row[]> {
  const sample = await service.call('GET', '/api/user/user000001');
  await fillRaw(connection, users, sample);
  const raw = await startRaw(connection, users);
  try {
    const ours = {
      url: service.url,
      pid: service.pid,
      headers: { authorization: `Bearer ${service.token}` },
    };
    const theirs = { url: raw.url, pid: raw.child.pid!, headers: {} };
    await sameBytes(ours, theirs);
    let next = 0;
    const random = () => String(1 + Math.floor(Math.random() * users)).padStart(6, '0');
    const body = () => JSON.stringify({ username: `new${next++}_${process.pid}`, proxies: sample.proxies });
    return [
      await compare('get one user', 0.7, ours, theirs, () => ({ path: `/api/user/user${random()}` })),
      await compare('list 100 users', 0.6, ours, theirs, () => ({ path: '/api/users?limit=100&offset=0' })),
      await compare('create a user', 0.6, ours, theirs, () => ({
        method: 'POST',
        path: '/api/user',
        body: body(),
      })),
    ];
  } finally {
    raw.child.kill('SIGTERM');
  }
}

type MakeRequest = () => { method?: 'POST'; path: string; body?: string };

async function compare(
  name: string,
  target: number,
  ours: Side,
  theirs: Side,
  make: MakeRequest,
): Promise<Row> {
  const rounds: { ours: Measure; theirs: Measure }[] = [];
  await measure(theirs, make, 1);
  await measure(ours, make, 1);
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ theirs: await measure(theirs, make, SECONDS), ours: await measure(ours, make, SECONDS) });
  }
  const ratio = median(rounds.map((round) => round.ours.perSecond / round.theirs.perSecond));
  const cpu = median(rounds.map((round) => round.theirs.cpu / round.ours.cpu));
  const perSecond = (side: 'ours' | 'theirs') =>
    Math.round(median(rounds.map((round) => round[side].perSecond)));
  return {
    name,
    measured: `${ratio.toFixed(2)}× raw (CPU ${cpu.toFixed(2)}×): ${perSecond('ours')}/s against ${perSecond('theirs')}/s`,
    target: `≥ ${target}× raw`,
    ok: ratio >= target,
  };
}

async function measure(side: Side, make: MakeRequest, seconds: number): Promise<Measure> {
  const before = cpuMicroseconds(side.pid);
  const result = await autocannon({
    url: side.url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        setupRequest: (request: object) => ({
          ...request,
          headers: { ...side.headers, 'content-type': 'application/json' },
          method: 'GET',
          ...make(),
        }),
      } as autocannon.Request,
    ],
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} refused, ${result.errors} failed at ${side.url}`);
  }
  return {
    perSecond: result['2xx'] / result.duration,
    cpu: (cpuMicroseconds(side.pid) - before) / result['2xx'],
  };
}

/** User and system time of a process so far. Source: proc(5), fields 14 and 15 in ticks of 10 ms. */
function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function sameBytes(ours: Side, theirs: Side): Promise<void> {
  const sizes = await Promise.all(
    [ours, theirs].map(async (side) => {
      const answer = await fetch(`${side.url}/api/users?limit=100&offset=0`, { headers: side.headers });
      return (await answer.text()).length;
    }),
  );
  const [a = 0, b = 0] = sizes;
  if (Math.abs(a - b) / b > 0.02) throw new Error(`the two sides differ: ${a} bytes against ${b}`);
}

/** The reference's own table: every value of the answer ready made in a column. */
async function fillRaw(
  connection: Connection,
  users: number,
  sample: Record<string, unknown>,
): Promise<void> {
  const admin = new pg.Client(clientOptions(connection));
  await admin.connect();
  await admin.query('DROP DATABASE IF EXISTS raw WITH (FORCE)');
  await admin.query('CREATE DATABASE raw');
  await admin.end();
  const db = new pg.Client({ ...clientOptions(connection), database: 'raw' });
  await db.connect();
  await db.query(`CREATE TABLE raw_users (
    id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, username text NOT NULL UNIQUE, status text NOT NULL DEFAULT 'active',
    used_traffic bigint NOT NULL DEFAULT 0, data_limit bigint, expire bigint, proxies jsonb NOT NULL, inbounds jsonb NOT NULL,
    excluded_inbounds jsonb NOT NULL, admin jsonb NOT NULL, links text[] NOT NULL, subscription_url text NOT NULL,
    note text, created_at timestamptz(3) NOT NULL DEFAULT now())`);
  await db.query(
    `INSERT INTO raw_users (username, used_traffic, data_limit, expire, proxies, inbounds, excluded_inbounds, admin, links, subscription_url)
     SELECT name, 123456789, $6, $7, $1, $2, '{}', $3, string_to_array(replace($4, 'user000001', name), chr(10)), $5
       FROM (SELECT 'user' || lpad(i::text, 6, '0') AS name FROM generate_series(1, $8::int) i) u`,
    [
      JSON.stringify(sample.proxies),
      JSON.stringify(sample.inbounds),
      JSON.stringify(sample.admin),
      (sample.links as string[]).join('\n'),
      sample.subscription_url,
      sample.data_limit,
      sample.expire,
      users,
    ],
  );
  await db.query('VACUUM ANALYZE raw_users');
  await db.end();
}

async function startRaw(
  connection: Connection,
  users: number,
): Promise<{ url: string; child: ChildProcess }> {
  if ('url' in connection) throw new Error('the benchmark runs on the embedded database');
  const port = 18_999;
  const child = spawn(process.execPath, [new URL('./raw-server.js', import.meta.url).pathname], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: String(port),
      PG_SOCKET: connection.socketDir,
      PG_USER: connection.user,
      TOTAL: String(users),
    },
    stdio: 'inherit',
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error('the raw reference did not start');
    if (
      await fetch(`${url}/api/user/user000001`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
