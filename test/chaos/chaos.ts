import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { startOrigin } from '../e2e/support/origin.js';
import { eventually } from '../support/eventually.js';
import { ChaosDatabase } from './chaos-database.js';
import { ChaosNode } from './chaos-node.js';
import { ChaosReplica } from './chaos-replica.js';
import { assertAllCharged, assertConnected, assertUsersPresent } from './convergence.js';
import { Customers } from './customers.js';
import { Faults } from './faults.js';
import { type Account, type Charged, makeLedger } from './ledger.js';
import { ledgerSums, ledgerText } from './ledger-text.js';
import { LOYAL_USERS, Operators } from './operators.js';
import { Chance } from './random.js';
import { wrongCoefficients, wrongTotals } from './totals.js';

export interface ChaosOptions {
  seed: number;
  nodes: number;
  /** How long faults go on for. */
  milliseconds: number;
  /** How long an owner is stopped for. */
  pauseMs: number;
  xray: XrayExecutable;
  /** Whether the whole ledger is to be told when nothing is wrong. */
  tellsAll: boolean;
  say: (text: string) => void;
}

const REPLICAS = 3;
const SETTLE_MS = 150_000;

/** Lets everything go wrong for a while, waits until all is quiet, tells the ledger, and returns what is wrong in it. */
export async function runChaos(options: ChaosOptions): Promise<string[]> {
  const { nodes: nodeCount, say, xray } = options;
  const chance = new Chance(options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'margrave-chaos-'));
  chmodSync(folder, 0o755); // as root, PostgreSQL runs as somebody else
  const closers: (() => Promise<unknown>)[] = [];
  const closing = <T>(part: T, close: (part: T) => Promise<unknown>): T => {
    closers.unshift(() => close(part));
    return part;
  };
  const replicas: ChaosReplica[] = [];
  try {
    const database = closing(await ChaosDatabase.start(join(folder, 'postgres')), (it) => it.stop());
    const origin = closing(await startOrigin(), (it) => it.close());
    for (let i = 1; i <= REPLICAS; i++) {
      const replica = await ChaosReplica.create(`replica ${i}`, database.connection, SETTINGS);
      replicas.push(closing(replica, (it) => it.destroy()));
      await replica.start();
      if (i === 1) await database.keepJournal();
    }
    const { certificate } = await replicas[0]!.call('GET', '/api/node/settings');
    const nodes: ChaosNode[] = [];
    for (let i = 1; i <= nodeCount; i++)
      nodes.push(closing(await ChaosNode.start(i, certificate, xray), (it) => it.close()));
    const customers = closing(new Customers(xray.path, origin, chance.fork()), (it) => it.removeAll());
    const operators = new Operators(replicas, nodes, customers, chance.fork());
    await operators.setUp();
    for (let i = 0; i < LOYAL_USERS; i++) await operators.createUser();
    await eventually(() => assertConnected(database, nodes), SETTLE_MS);

    say(`All is up; ${options.milliseconds / 1000} s of chaos begin`);
    const faults = new Faults(
      { replicas, nodes, database, operators, pauseMs: options.pauseMs },
      chance.fork(),
    );
    operators.start();
    await faults.run(Date.now() + options.milliseconds);
    await operators.stop();
    await customers.removeAll();

    const quiet = performance.now();
    const problems: string[] = [];
    const settled = async (what: string, condition: () => Promise<true>) => {
      try {
        await eventually(condition, SETTLE_MS);
        say(`${what} ${((performance.now() - quiet) / 1000).toFixed(1)} s after the last fault`);
      } catch (error) {
        problems.push((error as Error).message);
      }
    };
    await settled('All nodes are connected', () => assertConnected(database, nodes));
    await settled('All users are on all nodes', () => assertUsersPresent(database, nodes));
    await settled('All traffic is charged', () => assertAllCharged(database, nodes));

    const accounts = await database.read<Omit<Account, 'at'> & { at: Date }>(
      `SELECT node_id AS "nodeId", core_epoch AS "coreEpoch", marker, at, reason
         FROM chaos.core LEFT JOIN chaos.start USING (node_id, core_epoch) ORDER BY at`,
    );
    const ledger = makeLedger({
      nodes: await Promise.all(
        nodes.map(async ({ id, name, runs, relay }) => {
          const sql = 'SELECT (restart_generation - 1)::int AS restarts FROM nodes WHERE id = $1';
          const [row] = await database.read<{ restarts: number }>(sql, [id]);
          return { id, name, runs, restarts: row!.restarts, readings: (marker, of) => relay.of(marker, of) };
        }),
      ),
      accounts: accounts.map((account) => ({ ...account, at: account.at.getTime() })),
      charged: await database.read<Charged>(
        `SELECT node_id AS "nodeId", core_epoch AS "coreEpoch", user_id AS "userId", tag,
                sum(up)::bigint AS up, sum(down)::bigint AS down
           FROM chaos.charge GROUP BY node_id, core_epoch, user_id, tag`,
      ),
      userIds: new Set((await database.read<{ id: number }>('SELECT id FROM users')).map(({ id }) => id)),
      handovers: (await database.read<{ nodeId: number; at: Date }>(HANDOVERS)).map(({ nodeId, at }) => ({
        nodeId,
        at: at.getTime(),
      })),
      faults: faults.log,
    });
    problems.push(
      ...ledger.problems,
      ...(await wrongTotals(database)),
      ...(await wrongCoefficients(database, operators.coefficients)),
    );
    if (customers.damaged > 0) problems.push(`${customers.damaged} files arrived damaged`);
    const { downloads, bytes, failures } = customers;
    const traffic = `${downloads} downloads with ${bytes} bytes, ${failures} cut off or refused`;
    const text = `${ledgerText(ledger, faults.log, operators)}\n\n${traffic}`;
    say(options.tellsAll || problems.length > 0 ? `\n${text}\n` : ledgerSums(ledger));
    return problems;
  } finally {
    for (const close of closers)
      await close().catch((error: Error) => say(`Could not be ended: ${error.message}`));
    const log = join(tmpdir(), `margrave-chaos-${options.seed}.log`);
    writeFileSync(log, replicas.map((replica) => `===== ${replica.name}\n${replica.log}`).join('\n'));
    say(`What the replicas said: ${log}`);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const HANDOVERS = 'SELECT node_id AS "nodeId", at FROM chaos.owner ORDER BY at';

/** Nodes are asked more often than by default. */
const SETTINGS = {
  NODE_API_SOURCES: '127.0.0.1',
  JOB_RECORD_USER_USAGES_INTERVAL: '2',
  JOB_RECORD_NODE_USAGES_INTERVAL: '3',
  SECRET_KEY: 'the same for all replicas of this suite',
};
