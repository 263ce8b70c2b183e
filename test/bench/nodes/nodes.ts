import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Connection } from '../../../src/shared/database/data-source.js';
import { migrateDatabase } from '../../../src/shared/database/ensure-database.js';
import { eventually } from '../../support/eventually.js';
import { RequestLoad } from '../../support/request-load.js';
import { cpuMicroseconds, databaseMicroseconds, memoryOf } from '../cpu.js';
import { type EmbeddedConnection, freshDatabase, withClient } from '../database.js';
import { medianMs, quantile, type Row, table } from '../report.js';
import { seedUsers } from '../seed.js';
import { BenchService } from '../service.js';
import { addressOf } from './addresses.js';
import { CheapFleet } from './cheap-fleet.js';
import type { Traffic } from './cheap-core.js';

const REPLICAS = 3;
const CHANGES_A_SECOND = 20;
const PATIENCE_MS = 600_000;

/** In this order: some need what those before them have left. */
const PARTS = [
  'connecting',
  'changes',
  'accountingAtOnce',
  'accountingShare',
  'state',
  'bulk',
  'takeOver',
  'rollingRestart',
  'memory',
  'ledger',
  'idle',
] as const;

export interface FleetSize {
  nodes: number;
  users: number;
}

/** Many users on some nodes, and some on many. */
export const SIZES: FleetSize[] = [
  { nodes: 50, users: 50_000 },
  { nodes: 500, users: 1_000 },
];

/** On each node: who was seen there since it was started, and who has traffic in each interval of ten seconds. */
function trafficOf({ users }: FleetSize): Traffic {
  return { reported: Math.min(users, 5_000), moving: Math.min(400, Math.ceil(users / 50)) };
}

/** Three replicas with all these nodes, on the benchmark's server with its data in `dataDir`. */
export async function nodesRows(
  server: Connection,
  dataDir: string,
  size: FleetSize,
  seconds: number,
  parts?: readonly string[],
): Promise<Row[]> {
  const connection = await freshDatabase(server, 'bench_nodes');
  await migrateDatabase(connection);
  const folder = await mkdtemp(join(tmpdir(), 'margrave-bench-nodes-'));
  try {
    return await withClient(connection, async (db) => {
      const bench = await NodesBench.start({ db, connection, dataDir, folder, size, seconds });
      try {
        return await bench.rows(parts);
      } finally {
        await bench.end();
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Parts {
  db: pg.Client;
  connection: EmbeddedConnection;
  dataDir: string;
  folder: string;
  size: FleetSize;
  seconds: number;
}

class NodesBench {
  private peak = 0;

  private constructor(
    private readonly parts: Parts,
    private readonly replicas: BenchService[],
    private readonly cheap: CheapFleet,
  ) {}

  static async start(parts: Parts): Promise<NodesBench> {
    const { db, size } = parts;
    const { cheap, agentPort, apiPort } = await CheapFleet.start(size.nodes, trafficOf(size));
    const replicas = await makeReplicas(parts);
    const bench = new NodesBench(parts, replicas, cheap);
    for (const replica of replicas) await replica.start();
    await seedUsers(db, size.users);
    await db.query(
      `INSERT INTO nodes (kind, name, address, port, api_port)
       SELECT 'marzban_node', 'node ' || a, a, $2, $3 FROM unnest($1::text[]) a`,
      [Array.from({ length: size.nodes }, (_, i) => addressOf(i)), agentPort, apiPort],
    );
    await db.query(`SELECT pg_notify('node_wake', '0')`);
    return bench;
  }

  /** All parts, or those of these names. Each is told as soon as it is known, for all of them take long. */
  async rows(names: readonly string[] = PARTS): Promise<Row[]> {
    const { nodes, users } = this.parts.size;
    const rows: Row[] = [];
    for (const part of PARTS.filter((name) => names.includes(name))) {
      const row = await this[part]();
      rows.push({ ...row, name: `${nodes} × ${users}: ${row.name}` });
      process.stderr.write(`${table(rows.slice(-1))}\n`);
    }
    return rows;
  }

  async end(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.stop()));
    this.cheap.stop();
  }

  private async connecting(): Promise<Row> {
    const begun = performance.now();
    await this.untilSettled();
    return row('added, until all users are on all nodes', `${since(begun).toFixed(1)} s`);
  }

  /** From a request until the last node has the change, and what the replicas spend meanwhile. */
  private async changes(): Promise<Row> {
    const { db, seconds } = this.parts;
    const count = CHANGES_A_SECOND * seconds;
    const { rows } = await db.query<{ id: number; username: string }>(
      'SELECT id, username FROM users ORDER BY random() LIMIT $1',
      [count],
    );
    const before = this.replicas.map(({ pid }) => cpuMicroseconds(pid));
    const begun = performance.now();
    const latencies: Promise<number>[] = [];
    for (const [i, user] of rows.entries()) {
      await sleep(begun + (i * 1000) / CHANGES_A_SECOND - performance.now());
      latencies.push(this.change(user, this.replicas[i % this.replicas.length]!));
    }
    const taken = await Promise.all(latencies);
    const spent = this.replicas.map(({ pid }, i) => (cpuMicroseconds(pid) - before[i]!) / 1e6);
    const share = (100 * Math.max(...spent)) / since(begun);
    const [middle, last] = [quantile(taken, 0.5), quantile(taken, 0.99)];
    return {
      name: `a user's change on all nodes, ${CHANGES_A_SECOND} changes a second`,
      measured: `p50 ${middle.toFixed(0)} ms, p99 ${last.toFixed(0)} ms (${share.toFixed(0)} % CPU of the busiest replica)`,
      target: 'p99 < 1000 ms',
      ok: last < 1000,
    };
  }

  private async change(user: { id: number; username: string }, replica: BenchService): Promise<number> {
    const { reached } = await this.cheap.watch(`${user.id}.${user.username}`);
    const begun = Date.now();
    await replica.call('PUT', `/api/user/${user.username}`, { status: 'disabled' });
    return (await reached) - begun;
  }

  /** A new coefficient makes it due on all nodes at the same time. */
  private async accountingAtOnce(): Promise<Row> {
    const { db } = this.parts;
    let coefficient = 1;
    const wall = await medianMs(3, async () => {
      await db.query('UPDATE nodes SET usage_coefficient = $1', [(coefficient += 0.5)]);
      await db.query(`SELECT pg_notify('node_wake', '')`);
      await this.until(
        `SELECT count(*) = 0 AS ok FROM node_runtime JOIN nodes n ON n.id = node_id
          WHERE n.usage_coefficient <> charged_coefficient`,
      );
    });
    await db.query(`UPDATE nodes SET usage_coefficient = 1`);
    return {
      name: 'accounting of all nodes at once',
      measured: `${(wall / 1000).toFixed(2)} s`,
      target: '< 5 s',
      ok: wall < 5_000,
    };
  }

  private async accountingShare(): Promise<Row> {
    await this.untilSettled();
    const { dataDir, seconds } = this.parts;
    const share = await shareOf(() => databaseMicroseconds(dataDir), Math.max(10, seconds));
    return percent('accounting every 10 s and all else: of one core, the database', share, 30);
  }

  private async state(): Promise<Row> {
    const [replica] = this.replicas;
    // Twenty starts of each, as after a while of operation.
    await this.parts.db.query(
      `INSERT INTO node_core_start (node_id, core_epoch, reason, xray_version, config_version)
       SELECT node_id, -i, 'died', '26.3.27', 1 FROM node_runtime, generate_series(1, 19) i`,
    );
    await replica!.call('GET', '/api/nodes/state');
    const taken = await medianMs(21, async () => {
      await replica!.call('GET', '/api/nodes/state');
    });
    return {
      name: 'GET /api/nodes/state',
      measured: `${taken.toFixed(0)} ms`,
      target: '≤ 30 ms',
      ok: taken <= 30,
    };
  }

  /** As the review of users does it: a fifth of them, ten thousand at most. */
  private async bulk(): Promise<Row> {
    const { db, size } = this.parts;
    const count = Math.min(10_000, Math.ceil(size.users / 5));
    const { starts, altered } = await this.cheap.figures();
    const begun = performance.now();
    await db.query(
      `UPDATE users SET status = 'disabled'
        WHERE id IN (SELECT id FROM users WHERE status = 'active' ORDER BY id LIMIT $1)`,
      [count],
    );
    await eventually(
      async () => (await this.cheap.figures()).altered - altered >= count * size.nodes,
      PATIENCE_MS,
    );
    const taken = since(begun);
    await this.untilSettled();
    const restarts = (await this.cheap.figures()).starts - starts;
    const rate = (count * size.nodes) / taken;
    return {
      name: `${count} users disabled at once`,
      measured: `${taken.toFixed(1)} s on all nodes (${rate.toFixed(0)} accounts a second), ${restarts} restarts`,
      target: '0 restarts',
      ok: restarts === 0,
    };
  }

  /** Until another replica has read the counters of each node that the killed one had. */
  private async takeOver(): Promise<Row> {
    this.notePeak();
    const killed = this.replicas.at(-1)!;
    const { starts } = await this.cheap.figures();
    const { rows } = await this.parts.db.query<{ address: string }>(
      `SELECT n.address FROM node_lease l JOIN nodes n ON n.id = l.node_id
        WHERE l.owner_id = (SELECT id FROM replica ORDER BY started_at DESC LIMIT 1)`,
    );
    const theirs = rows.map(
      ({ address }) => Number(address.split('.')[2]) * 256 + Number(address.split('.')[3]),
    );
    const at = Date.now();
    await killed.kill();
    const last = await eventually(async () => {
      const { readAt } = await this.cheap.figures();
      return theirs.every((number) => readAt[number]! > at) && Math.max(...theirs.map((n) => readAt[n]!));
    }, PATIENCE_MS);
    const seconds = (last - at) / 1000;
    const restarts = (await this.cheap.figures()).starts - starts;
    await killed.start();
    return {
      name: `owner of ${theirs.length} nodes killed, until others have read them`,
      measured: `${seconds.toFixed(1)} s, ${restarts} restarts`,
      target: '< 20 s, 0 restarts',
      ok: seconds < 20 && restarts === 0,
    };
  }

  private async rollingRestart(): Promise<Row> {
    await this.untilSettled();
    const { starts } = await this.cheap.figures();
    const [{ token }] = this.replicas as [BenchService];
    const load = new RequestLoad(
      this.replicas.map(({ url }) => url),
      '/api/user/user000001',
      { authorization: `Bearer ${token}` },
    );
    await load.start({ 'keeps connections': 4, 'makes connections': 4 });
    const begun = performance.now();
    for (const replica of this.replicas) {
      await replica.stop();
      await replica.start();
    }
    const taken = since(begun);
    await this.untilSettled();
    await load.stop();
    const restarts = (await this.cheap.figures()).starts - starts;
    const { failures, answered } = load;
    for (const failure of new Set(failures)) process.stderr.write(`failed: ${failure}\n`);
    return {
      name: `rolling restart of ${REPLICAS} replicas (${taken.toFixed(0)} s)`,
      measured: `${restarts} restarts of cores, ${failures.length} of ${answered} requests failed`,
      target: '0, 0',
      ok: restarts === 0 && failures.length === 0,
    };
  }

  private memory(): Row {
    this.notePeak();
    return {
      name: 'memory of a replica at most',
      measured: `${this.peak.toFixed(0)} MB`,
      target: '< 600 MB',
      ok: this.peak < 600,
    };
  }

  /** What the cores have counted is what users were charged. */
  private async ledger(): Promise<Row> {
    const { db, size } = this.parts;
    this.cheap.freeze();
    const charged = async () => {
      const { rows } = await db.query<{ bytes: string }>(
        'SELECT sum(up + down)::text AS bytes FROM node_user_counter',
      );
      return Number(rows[0]!.bytes);
    };
    const { counted } = await this.cheap.figures();
    await eventually(async () => (await charged()) === counted, 60_000).catch(() => undefined);
    const difference = (await charged()) - counted;
    return {
      name: `bytes counted on ${size.nodes} nodes against baselines charged`,
      measured: `${counted}, difference ${difference}`,
      target: '0',
      ok: difference === 0,
    };
  }

  /** One replica with all nodes, and no user who does anything. */
  private async idle(): Promise<Row> {
    const [only, ...others] = this.replicas as [BenchService, ...BenchService[]];
    this.cheap.freeze();
    for (const other of others) await other.stop();
    await this.untilSettled();
    await sleep(15_000);
    const share = await shareOf(() => cpuMicroseconds(only.pid), Math.max(30, this.parts.seconds));
    const { now } = memoryOf(only.pid);
    return percent(`CPU of an idle replica with all nodes (${now.toFixed(0)} MB)`, share, 5);
  }

  private notePeak(): void {
    this.peak = Math.max(this.peak, ...this.replicas.map(({ pid }) => memoryOf(pid).peak));
  }

  /** Every node is connected, and its users are known to be right. */
  private untilSettled(): Promise<void> {
    return this.until(
      `SELECT count(*) FILTER (WHERE n.status <> 'connected' OR r.full_sync_needed OR l.expires_at < now()
                OR n.usage_coefficient <> r.charged_coefficient) = 0 AS ok
         FROM nodes n JOIN node_runtime r ON r.node_id = n.id JOIN node_lease l ON l.node_id = n.id`,
    );
  }

  private async until(sql: string): Promise<void> {
    await eventually(async () => (await this.parts.db.query<{ ok: boolean }>(sql)).rows[0]!.ok, PATIENCE_MS);
  }
}

async function makeReplicas({ connection, folder }: Parts): Promise<BenchService[]> {
  const config = join(folder, 'core.json');
  const inbound = { tag: 'VLESS', port: 31_001, protocol: 'vless', settings: { decryption: 'none' } };
  await writeFile(
    config,
    JSON.stringify({ inbounds: [inbound], outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }] }),
  );
  const { user, database, socketDir } = connection;
  const environment = {
    DATABASE_URL: `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(socketDir)}`,
    XRAY_EXECUTABLE_PATH: 'none',
    XRAY_JSON: config,
    NODE_API_SOURCES: '127.0.0.0/8',
    SHUTDOWN_DELAY: '1',
  };
  return Promise.all(
    Array.from({ length: REPLICAS }, async (_, i) => {
      const dataDir = join(folder, `replica-${i}`);
      await mkdir(dataDir);
      return new BenchService(dataDir, environment);
    }),
  );
}

function since(begun: number): number {
  return (performance.now() - begun) / 1000;
}

/** How much of one core is spent while so many seconds pass, in percent. */
async function shareOf(spentMicroseconds: () => number, seconds: number): Promise<number> {
  const [before, begun] = [spentMicroseconds(), performance.now()];
  await sleep(seconds * 1000);
  return (spentMicroseconds() - before) / 1e4 / since(begun);
}

function row(name: string, measured: string): Row {
  return { name, measured, target: '', ok: true };
}

function percent(name: string, share: number, target: number): Row {
  return { name, measured: `${share.toFixed(1)} %`, target: `< ${target} %`, ok: share < target };
}
