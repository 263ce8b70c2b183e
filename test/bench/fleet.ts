import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { buildApp } from '../../src/app.js';
import { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/environment.js';
import { UsageRepository } from '../../src/features/nodes/metering/usage.repository.js';
import { UserReviews } from '../../src/features/users/index.js';
import type { Connection } from '../../src/shared/database/data-source.js';
import { migrateDatabase } from '../../src/shared/database/ensure-database.js';
import type { Traffic } from '../../src/xray/grpc/index.js';
import { XrayClient } from '../../src/xray/grpc/index.js';
import { findXray, NO_XRAY, xrayCandidates } from '../../src/xray/process/executable.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, withClient } from './database.js';
import { median, milliseconds, type Row } from './report.js';
import { seedUsers } from './seed.js';

const CROSSING = 1_000;

/** Traffic, limits and accounts of a large installation, inside one process with a real PostgreSQL and a real Xray. */
export async function fleetRows(server: Connection, users: number): Promise<Row[]> {
  const connection = await freshDatabase(server, 'bench_fleet');
  await migrateDatabase(connection);
  const dataDir = await mkdtemp(join(tmpdir(), 'margrave-bench-fleet-'));
  try {
    return await withClient(connection, (db) => measureFleet(db, connection, dataDir, users));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measureFleet(
  db: pg.Client,
  connection: Connection,
  dataDir: string,
  users: number,
): Promise<Row[]> {
  await db.query(`INSERT INTO admins (username, is_sudo) VALUES ('bench', true)`);
  await seedUsers(db, users);
  const { config } = loadConfig();
  const seldom = 3_600;
  const quiet = new Config({
    ...config,
    dataDir,
    xray: { ...config.xray, executablePath: NO_XRAY },
    jobs: {
      coreHealthSeconds: seldom,
      userUsagesSeconds: seldom,
      nodeUsagesSeconds: seldom,
      reviewUsersSeconds: seldom,
    },
  });
  const app = await buildApp(quiet, connection);
  app.useLogger(['error', 'fatal']);
  await app.init();
  try {
    const rows = await chargeRows(app.get(UsageRepository, { strict: false }), db, users);
    rows.push(await reviewRow(app.get(UserReviews, { strict: false }), db, quiet));
    return rows;
  } finally {
    await app.close();
  }
}

/** One transaction per poll: baselines, users, owner, hourly history. */
async function chargeRows(usage: UsageRepository, db: pg.Client, users: number): Promise<Row[]> {
  const { rows } = await db.query<{ id: number }>(
    `INSERT INTO nodes (kind, name, address) VALUES ('pg_node', 'bench', '127.0.0.1') RETURNING id`,
  );
  const nodeId = rows[0]!.id;
  await db.query('UPDATE node_runtime SET owner_epoch = 1, core_epoch = 1 WHERE node_id = $1', [nodeId]);
  const ids = (await db.query<{ id: number }>('SELECT id FROM users ORDER BY id')).rows.map((row) => row.id);
  let counted = 0n;
  let polls = 0n;
  const poll = async (some: number[]) => {
    counted += 1_000_000n;
    const traffic = new Map<number, Traffic>(some.map((id) => [id, { up: counted, down: counted * 10n }]));
    const grant = { nodeId, kind: 'pg_node' as const, epoch: 1n };
    const begun = performance.now();
    const cpu = process.cpuUsage();
    await usage.chargeUsers({ grant, coreEpoch: 1n, uptimeSeconds: 0, after: polls++ }, traffic, true);
    const wall = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpu);
    return { wall, database: wall - (user + system) / 1000 }; // what this process did not work, it waited
  };
  const first = (await poll(ids)).wall;
  const all: number[] = [];
  for (let round = 0; round < 5; round++) all.push((await poll(ids)).wall);
  const tenth: number[] = [];
  for (let round = 0; round < 5; round++)
    tenth.push((await poll(ids.filter((id) => id % 10 === round))).database);
  await db.query('DELETE FROM nodes WHERE id = $1', [nodeId]);
  await db.query('VACUUM ANALYZE');
  return [
    milliseconds(`charge ${users} users, the first poll of a core and hour`, first, 2_500),
    milliseconds(`charge ${users} users, every later poll`, median(all), 2_500),
    milliseconds(`charge ${users / 10} users, database time`, median(tenth), 150),
  ];
}

/** From the moment the traffic is known until the core knows none of the users any more. */
async function reviewRow(users: UserReviews, db: pg.Client, config: Config): Promise<Row> {
  const name = `review: ${CROSSING} users cross their limit, their accounts gone from the core`;
  const target = '≤ 500 ms';
  const { dataDir, xray } = config;
  if (!(await findXray(xrayCandidates({ ...xray, dataDir, searchPath: process.env.PATH ?? '' })))) {
    return { name, measured: 'not measured: no Xray was found', target, ok: false };
  }
  const core = await eventually(() => runningCore(dataDir), 60_000);
  const [tag] = Object.keys(await inboundsOf(db, 'vless'));
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const crossing = (
      await db.query<{ id: number; email: string }>(
        `UPDATE user_usage g SET used_traffic = 2e12 FROM users u
          WHERE u.id = g.user_id AND u.id % 100 = $1 AND u.id <= 100000 RETURNING u.id, u.id || '.' || u.username AS email`,
        [round],
      )
    ).rows.sort((a, b) => a.id - b.id);
    if ((await core.listUsers(tag!, crossing.at(-1)!.email)).length !== 1)
      throw new Error('the core lacks a user');
    const begun = performance.now();
    const changed = await users.reviewStatuses(new Date());
    if (changed !== crossing.length) throw new Error(`${changed} users changed, not ${crossing.length}`);
    // The last ones first, as they are removed last; then every single one.
    for (const { email } of crossing.slice(-20).reverse()) {
      await eventually(async () => (await core.listUsers(tag!, email)).length === 0, 60_000);
    }
    times.push(performance.now() - begun);
    const left = new Set((await core.listUsers(tag!)).map((account) => account.email));
    if (crossing.some(({ email }) => left.has(email))) throw new Error('the core still knows a limited user');
  }
  core.close();
  return milliseconds(name, median(times), 500);
}

async function inboundsOf(db: pg.Client, protocol: string): Promise<Record<string, object>> {
  const { rows } = await db.query<{ source: string }>(
    `SELECT source FROM core_config WHERE state = 'active'`,
  );
  const config = JSON.parse(rows[0]!.source) as { inbounds: { tag: string; protocol: string }[] };
  return Object.fromEntries(
    config.inbounds
      .filter((inbound) => inbound.protocol === protocol)
      .map((inbound) => [inbound.tag, inbound]),
  );
}

/** The API of the local core, once it answers. */
async function runningCore(dataDir: string): Promise<XrayClient | undefined> {
  try {
    const { socket } = JSON.parse(readFileSync(join(dataDir, 'xray', 'process.json'), 'utf8')) as {
      socket: string;
    };
    const core = new XrayClient(`unix:${socket}`);
    await core.sysStats();
    return core;
  } catch {
    return undefined;
  }
}
