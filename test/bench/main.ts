/**
 * `npm run bench [group …]`: the figures the project holds itself to, each beside its target. Groups: http, system,
 * lists, subscriptions, strangers, start, fleet, lifecycle, notifications, nodes, million. HTTP figures are ratios to a raw express + pg reference in the same run; the others are
 * times on this machine. `BENCH_USERS` is another number of users than 100,000. `nodes` takes long and runs when asked for;
 * `--nodes 5 --users 200 --seconds 5` make it another fleet, and another duration of each measurement;
 * `--parts connecting,state,idle` measures those alone. So does `million`, a local core with a million users, or
 * `--users 100000`, in a real Xray: that takes 10 GB of memory by itself.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { EmbeddedPostgres } from '../../src/shared/database/embedded-postgres.js';
import { withClient } from './database.js';
import { fleetRows } from './fleet.js';
import { httpRows } from './http.js';
import { lifecycleRows } from './lifecycle.js';
import { listRows } from './lists.js';
import { millionRows } from './million.js';
import { notificationRows } from './notifications.js';
import { type FleetSize, nodesRows, SIZES } from './nodes/nodes.js';
import { median, type Row, table } from './report.js';
import { seedUsers, useTenHosts } from './seed.js';
import { BenchService } from './service.js';
import { strangerRows } from './strangers.js';
import { subscriptionRows } from './subscriptions.js';
import { systemRows } from './system.js';

const USERS = Number(process.env.BENCH_USERS ?? 100_000);

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string' },
    users: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    parts: { type: 'string' },
  },
});
const groups =
  positionals.length > 0
    ? positionals
    : [
        'http',
        'system',
        'lists',
        'subscriptions',
        'strangers',
        'start',
        'fleet',
        'lifecycle',
        'notifications',
      ];

const dataDir = await mkdtemp(join(tmpdir(), 'margrave-bench-'));
await chmod(dataDir, 0o755); // as root, PostgreSQL runs as somebody else
// Ours first, so that the service adopts it; a connection of ours makes the service leave it running when it stops.
const postgres = await EmbeddedPostgres.start({ folder: join(dataDir, 'postgres') });
const rows: Row[] = [];
process.once('SIGINT', () => void postgres.stop().finally(() => process.exit(130)));
const presence = new pg.Client(clientOptions(postgres.connection));
try {
  await presence.connect();
  const { connection } = postgres;
  const service = new BenchService(dataDir);
  if (['http', 'system', 'lists', 'subscriptions', 'strangers'].some((group) => groups.includes(group))) {
    await service.start();
    await useTenHosts(service);
    await withClient(connection, (db) => seedUsers(db, USERS));
    if (groups.includes('http')) rows.push(...(await httpRows(service, connection, USERS)));
    if (groups.includes('system')) rows.push(...(await systemRows(service, dataDir)));
    if (groups.includes('lists')) {
      rows.push(...(await withClient(connection, (db) => listRows(service, db, USERS))));
    }
    if (groups.includes('subscriptions')) rows.push(...(await subscriptionRows(service, connection)));
    if (groups.includes('strangers')) rows.push(...(await strangerRows(service)));
    await service.stop();
  }
  if (groups.includes('start')) rows.push(...(await startRows()));
  if (groups.includes('fleet')) rows.push(...(await fleetRows(postgres.connection, USERS)));
  if (groups.includes('notifications')) rows.push(...(await notificationRows(connection, dataDir)));
  if (groups.includes('million'))
    rows.push(...(await millionRows(connection, dataDir, Number(flags.users ?? 1_000_000))));
  if (groups.includes('lifecycle')) rows.push(...(await lifecycleRows(postgres.connection, USERS)));
  if (groups.includes('nodes')) {
    for (const size of fleetSizes()) {
      rows.push(
        ...(await nodesRows(
          postgres.connection,
          dataDir,
          size,
          Number(flags.seconds),
          flags.parts?.split(','),
        )),
      );
    }
  }
} finally {
  await presence.end();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
process.stdout.write(`\n${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${USERS} users\n\n`);
process.stdout.write(`${table(rows)}\n`);
process.exit(rows.every((row) => row.ok) ? 0 : 1);

/** Warm starts, and memory a while after the last one. */
async function startRows(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'margrave-bench-start-'));
  await chmod(folder, 0o755);
  try {
    const service = new BenchService(folder);
    await service.start();
    await service.stop();
    const times: number[] = [];
    let memory = 0;
    for (let round = 0; round < 5; round++) {
      times.push(await service.start());
      if (round === 4) {
        await new Promise((resolve) => setTimeout(resolve, 15_000));
        memory = service.memory();
      }
      await service.stop();
    }
    const boot = median(times);
    return [
      {
        name: 'warm start to ready',
        measured: `${boot.toFixed(0)} ms`,
        target: '≤ 3000 ms',
        ok: boot <= 3000,
      },
      { name: 'idle memory', measured: `${memory.toFixed(0)} MB`, target: '≤ 200 MB', ok: memory <= 200 },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fleetSizes(): FleetSize[] {
  if (flags.nodes === undefined) return SIZES;
  return [{ nodes: Number(flags.nodes), users: Number(flags.users ?? 1_000) }];
}
