import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../src/shared/database/data-source.js';
import { migrateDatabase } from '../../src/shared/database/ensure-database.js';
import { eventually } from '../support/eventually.js';
import { memoryOf } from './cpu.js';
import { withClient } from './database.js';
import { quantile, type Row } from './report.js';
import { seedUsers } from './seed.js';
import { BenchService } from './service.js';

/** Xray itself takes some gigabytes and minutes for a million users. */
const PATIENCE_MS = 20 * 60_000;
/** Between two probes of the API. */
const PROBE_MS = 20;
const IDLE_MS = 45_000;

/**
 * One replica whose local core, a real Xray (XRAY_EXECUTABLE_PATH, or that in `data/bin`), gets so many users: what it takes until
 * the core has them, in memory, in stalls of the event loop and in the time of requests, and what is left of it when idle.
 */
export async function millionRows(connection: Connection, dataDir: string, users: number): Promise<Row[]> {
  const loop = join(dataDir, 'event-loop.txt');
  writeFileSync(loop, '');
  await migrateDatabase(connection);
  await withClient(connection, async (db) => {
    const { rows } = await db.query<{ count: number }>('SELECT count(*)::int AS count FROM users');
    await seedUsers(db, users - rows[0]!.count);
  });
  await mkdir(join(dataDir, 'xray'), { recursive: true });
  const service = new BenchService(dataDir, {
    XRAY_EXECUTABLE_PATH: process.env.XRAY_EXECUTABLE_PATH ?? resolve('data/bin/xray'),
    NODE_OPTIONS: `--import ${pathToFileURL(resolve('test/bench/event-loop.mjs')).href}`,
    BENCH_LOOP: loop,
  });
  await service.start();
  try {
    const begun = performance.now();
    const ofStart = stalls(loop).length; // while the code of the service is read nobody is served
    const starting = new Probes(service);
    await eventually(() => hasAll(service, users), PATIENCE_MS);
    const seconds = (performance.now() - begun) / 1000;
    const during = await starting.end();
    const { peak } = memoryOf(service.pid);
    const all = stalls(loop);
    const resting = new Probes(service);
    await sleep(IDLE_MS);
    const after = await resting.end();
    const idle = service.memory();
    const idleLateBy = stalls(loop).slice(all.length);
    const slower = quantile(during, 0.99) / quantile(after, 0.99);
    const name = (what: string) => `${users} users on a local core: ${what}`;
    return [
      { name: name('until it has them'), measured: `${seconds.toFixed(0)} s`, target: '(Xray)', ok: true },
      megabytes(name('memory at most'), peak, 400),
      stall(name('longest stall until then'), all.slice(ofStart)),
      stall(name('longest stall after that'), idleLateBy),
      {
        name: name('p99 of a request until then'),
        measured: `${quantile(during, 0.99).toFixed(1)} ms, ${slower.toFixed(1)} × idle, slowest ${Math.max(...during).toFixed(0)} ms`,
        target: '≤ 100 ms',
        ok: quantile(during, 0.99) <= 100,
      },
      megabytes(name('memory when idle'), idle, users <= 100_000 ? 200 : 400),
    ];
  } finally {
    await service.stop();
  }
}

async function hasAll(service: BenchService, users: number): Promise<boolean> {
  const { nodes } = await service.call('GET', '/api/nodes/state');
  const [master] = nodes;
  return master?.status === 'connected' && master.accounts >= users;
}

/** The worst of one second: by how much the event loop was late, and how much of that its process was at work. */
interface Stall {
  late: number;
  busy: number;
}

function stalls(file: string): Stall[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [late, busy] = line.split(' ').map(Number);
    return { late: late!, busy: busy! };
  });
}

function megabytes(name: string, measured: number, target: number): Row {
  return { name, measured: `${measured.toFixed(0)} MB`, target: `≤ ${target} MB`, ok: measured <= target };
}

/** Of all seconds the worst, and how many were bad. What the machine did meanwhile for others is told, and not judged. */
function stall(name: string, seconds: readonly Stall[]): Row {
  const bad = seconds.filter(({ busy }) => busy > 50).length;
  const [busy, late] = (['busy', 'late'] as const).map((what) =>
    Math.max(...seconds.map((second) => second[what])).toFixed(0),
  );
  const measured = `${busy} ms (${late} with waiting for a processor), over 50 ms in ${bad} of ${seconds.length} s`;
  return { name, measured, target: '≤ 50 ms', ok: bad === 0 };
}

/** An operator's bot that reads one user after the other. */
class Probes {
  private readonly times: number[] = [];
  private isOver = false;
  private readonly running = this.run();

  constructor(private readonly service: BenchService) {}

  async end(): Promise<number[]> {
    this.isOver = true;
    await this.running;
    return this.times;
  }

  private async run(): Promise<void> {
    for (let i = 1; !this.isOver; i = (i % 1000) + 1) {
      const begun = performance.now();
      await this.service.call('GET', `/api/user/user${String(i).padStart(6, '0')}`);
      this.times.push(performance.now() - begun);
      await sleep(PROBE_MS);
    }
  }
}
