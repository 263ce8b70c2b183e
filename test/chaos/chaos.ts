import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { startOrigin } from '../e2e/support/origin.js';
import { eventually } from '../support/eventually.js';
import { ChaosDatabase } from './chaos-database.js';
import { AgentNode } from './agent-node.js';
import { BareNode } from './bare-node.js';
import type { ChaosNode } from './chaos-node.js';
import { ChaosReplica } from './chaos-replica.js';
import { assertAllCharged, assertConnected, assertUsersPresent } from './convergence.js';
import { Customers } from './customers.js';
import { chaosFacts } from './facts.js';
import { Faults } from './faults.js';
import { makeLedger } from './ledger.js';
import { LocalNode } from './local-node.js';
import { ledgerSums, ledgerText, timeline } from './ledger-text.js';
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
  /** The longest time from one fault to the next. */
  gapMs: number;
  xray: XrayExecutable;
  /** Whether the whole ledger is to be told when nothing is wrong. */
  tellsAll: boolean;
  say: (text: string) => void;
}

const REPLICAS = 3;
const ON_ONE_MACHINE = 2;
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
  let told = '';
  try {
    const database = closing(await ChaosDatabase.start(join(folder, 'postgres')), (it) => it.stop());
    const origin = closing(await startOrigin(), (it) => it.close());
    // Two on one machine, with its core; one elsewhere, where there is none.
    const names = Array.from({ length: REPLICAS }, (_, i) => `replica ${i + 1}`);
    const local = closing(new LocalNode(nodeCount + 2, folder, xray, names.slice(0, ON_ONE_MACHINE)), (it) =>
      it.close(),
    );
    const machine = { DATA_DIR: local.dataDir, XRAY_EXECUTABLE_PATH: local.executable };
    for (const [i, name] of names.entries()) {
      const settings = { ...SETTINGS, ...(local.replicas.includes(name) && machine) };
      const replica = await ChaosReplica.create(name, database.connection, settings);
      replicas.push(closing(replica, (it) => it.destroy()));
      await replica.start();
      if (i === 0) await database.keepJournal();
    }
    const { certificate } = await replicas[0]!.call('GET', '/api/node/settings');
    const nodes: ChaosNode[] = [local];
    for (let i = 1; i <= nodeCount; i++)
      nodes.push(closing(await AgentNode.start(i, certificate, xray), (it) => it.close()));
    nodes.push(closing(await BareNode.create(nodeCount + 1, xray), (it) => it.close()));
    local.ids.push(
      ...(await database.read<{ id: number }>("SELECT id FROM nodes WHERE kind = 'local'")).map(
        ({ id }) => id,
      ),
    );
    const customers = closing(new Customers(xray.path, origin, chance.fork()), (it) => it.removeAll());
    const operators = new Operators(replicas, nodes, customers, chance.fork(), local.address);
    await operators.setUp();
    for (let i = 0; i < LOYAL_USERS; i++) await operators.createUser();
    await eventually(() => assertConnected(database, nodes), SETTLE_MS);

    say(`All is up; ${options.milliseconds / 1000} s of chaos begin`);
    const faults = new Faults({ ...options, replicas, nodes, local, database, operators }, chance.fork());
    const begun = Date.now();
    operators.start();
    await faults.run(Date.now() + options.milliseconds);
    await operators.stop();
    await customers.removeAll();
    await operators.installElsewhere();

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

    const ledger = makeLedger(await chaosFacts(database, nodes, faults.log));
    problems.push(
      ...ledger.problems,
      ...(await wrongTotals(database)),
      ...(await wrongCoefficients(database, operators.coefficients)),
    );
    for (const { name, crashes } of replicas)
      if (crashes > 0) problems.push(`${name} ended by itself, ${crashes} times`);
    if (customers.damaged > 0) problems.push(`${customers.damaged} files arrived damaged`);
    const { downloads, bytes, failures } = customers;
    const traffic = `${downloads} downloads with ${bytes} bytes, ${failures} cut off or refused`;
    const text = `${ledgerText(ledger, begun, faults.log, operators)}\n\n${traffic}`;
    told = `${text}\n\n${timeline(faults.log, begun)}`;
    say(options.tellsAll || problems.length > 0 ? `\n${text}\n` : ledgerSums(ledger));
    return problems;
  } finally {
    for (const close of closers)
      await close().catch((error: Error) => say(`Could not be ended: ${error.message}`));
    const log = join(tmpdir(), `margrave-chaos-${options.seed}.log`);
    const words = replicas.map((replica) => `===== ${replica.name}\n${replica.log}`);
    writeFileSync(log, [told, ...words].join('\n'));
    say(`The ledger, the faults, and what the replicas said: ${log}`);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Nodes are asked more often than by default. */
const SETTINGS = {
  NODE_API_SOURCES: '127.0.0.1',
  JOB_RECORD_USER_USAGES_INTERVAL: '2',
  JOB_RECORD_NODE_USAGES_INTERVAL: '3',
  SECRET_KEY: 'the same for all replicas of this suite',
};
