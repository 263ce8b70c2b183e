import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosDatabase } from './chaos-database.js';
import { AgentNode } from './agent-node.js';
import type { ChaosNode } from './chaos-node.js';
import type { ChaosReplica } from './chaos-replica.js';
import type { LineFault } from './faulty-line.js';
import type { LocalNode } from './local-node.js';
import type { Operators } from './operators.js';
import type { Chance } from './random.js';

const MINUTE = 60_000;
export const PAUSE = 'SIGSTOP, then SIGCONT';
export const STOP = 'SIGTERM of a replica';

/** What was done to whom, and for how long; milliseconds since 1970. */
export interface Fault {
  what: string;
  to: string;
  /** Whether nodes may get another owner for it, or what passes on the line to one may be lost. */
  disturbs: 'owner' | 'line' | 'nothing';
  from: number;
  until: number;
}

type Kind = (chance: Chance) => {
  fault: Omit<Fault, 'from' | 'until'>;
  target: object;
  act: () => Promise<unknown>;
};

/** Everything that can go wrong, in any order, several at a time. */
export class Faults {
  readonly log: Fault[] = [];
  private readonly busy = new Set<object>();
  private readonly running = new Set<Promise<void>>();
  private readonly failures: unknown[] = [];

  constructor(
    private readonly parts: {
      replicas: readonly ChaosReplica[];
      nodes: readonly ChaosNode[];
      local: LocalNode;
      database: ChaosDatabase;
      operators: Operators;
      /** How long an owner is stopped for. */
      pauseMs: number;
      /** The longest time from one fault to the next. */
      gapMs: number;
    },
    private readonly chance: Chance,
  ) {}

  /** Goes on until `until` (milliseconds since 1970) and through all kinds at least once; waits for the end of the last. */
  async run(until: number): Promise<void> {
    const kinds = this.kinds();
    let deck: Kind[] = [];
    while (Date.now() < until || this.log.length < kinds.length) {
      if (deck.length === 0) deck = this.chance.shuffled(kinds);
      const kind = deck.shift()!;
      const next = kind(this.chance);
      if (this.isPossible(next.target)) this.begin(next);
      else deck.push(kind);
      await sleep(this.chance.between(300, this.parts.gapMs));
    }
    await Promise.all(this.running);
    if (this.failures.length > 0) throw new AggregateError(this.failures, 'Faults could not be mended');
  }

  private isPossible(target: object): boolean {
    if (this.busy.has(target)) return false;
    const { replicas } = this.parts;
    return !replicas.includes(target as ChaosReplica) || replicas.filter((r) => this.busy.has(r)).length < 2;
  }

  private begin({ fault, target, act }: ReturnType<Kind>): void {
    const noted: Fault = { ...fault, from: Date.now(), until: Infinity };
    this.log.push(noted);
    this.busy.add(target);
    const run = act()
      .then(
        () => undefined,
        (error: unknown) => void this.failures.push(error),
      )
      .finally(() => {
        noted.until = Date.now();
        this.busy.delete(target);
        this.running.delete(run);
      });
    this.running.add(run);
  }

  private kinds(): Kind[] {
    const { database, local, operators, pauseMs } = this.parts;
    const added = (node: ChaosNode) => node.facts !== undefined;
    const line = (what: string, make: (chance: Chance) => LineFault): Kind =>
      this.ofNode(
        what,
        'line',
        async (node, chance) => {
          node.setFault(make(chance));
          await sleep(chance.between(1_000, 12_000));
          node.setFault(undefined);
        },
        (node) => node.hasLine,
      );
    return [
      this.ofReplica(PAUSE, 'owner', async (replica) => {
        replica.pause();
        await sleep(pauseMs);
        replica.resume();
      }),
      this.ofReplica('kill -9 of a replica', 'owner', killReplica),
      this.ofReplica('kill -9 of a replica', 'owner', killReplica),
      this.ofReplica(
        'kill -9 of a replica and the Xray of its machine',
        'owner',
        (replica, chance) => killReplica(replica, chance, () => local.killCore()),
        (replica) => local.replicas.includes(replica.name),
      ),
      this.ofReplica('kill -9 of a replica while it is given a config', 'owner', async (replica, chance) => {
        const given = operators.changeConfig(replica);
        await sleep(chance.between(0, 1_500));
        await killReplica(replica, chance);
        await given;
        await operators.installElsewhere();
      }),
      this.ofReplica(STOP, 'owner', async (replica) => {
        await replica.stop();
        await replica.start();
      }),
      this.ofReplica('clock of a replica stepped', 'nothing', async (replica, chance) =>
        replica.stepClock(chance.between(-10 * MINUTE, 10 * MINUTE)),
      ),
      this.ofReplica('database connections lost without a word', 'owner', async (replica) =>
        replica.database.loseAll(),
      ),
      this.ofNode('kill -9 of an Xray', 'nothing', (node) => node.killCore()),
      this.ofNode('kill -9 of an Xray', 'nothing', (node) => node.killCore()),
      this.ofNode('kill -9 of an Xray', 'nothing', (node) => node.killCore()),
      this.ofNode(
        'agent restarted, its Xray gone',
        'nothing',
        (node) => (node as AgentNode).restartAgent(),
        (node) => node instanceof AgentNode,
      ),
      this.ofNode('restart asked for', 'nothing', (node) => operators.reconnect(node), added),
      this.ofNode(
        'node disabled and enabled',
        'nothing',
        (node, chance) => operators.disable(node, chance.between(0, 6_000)),
        added,
      ),
      this.ofNode(
        'node deleted and added',
        'nothing',
        (node, chance) => operators.readd(node, chance.between(0, 3_000)),
        added,
      ),
      line('line swallows all', () => ({ swallows: true })),
      line('line delays', (chance) => ({ delayMs: chance.between(50, 1_500) })),
      line('line cuts connections', (chance) => ({ cutAfter: chance.between(100, 20_000) })),
      this.ofDatabase('PostgreSQL restarted', (chance) => database.restart('fast', chance.between(0, 3_000))),
      this.ofDatabase('PostgreSQL crashed', (chance) =>
        database.restart('immediate', chance.between(0, 3_000)),
      ),
      this.ofDatabase('PostgreSQL stopped, then continued', (chance) =>
        database.pause(chance.between(1_000, 9_000)),
      ),
      this.ofAll('config changed', async () => {
        await operators.changeConfig();
        await operators.installElsewhere();
      }),
      this.ofAll('config changed, and again on its way', async (chance) => {
        await operators.changeConfig();
        await sleep(chance.between(0, 5_000));
        await operators.changeConfig();
        await operators.installElsewhere();
      }),
      this.ofAll('restart of all asked for', () => operators.restartAll()),
    ];
  }

  private ofAll(what: string, act: (chance: Chance) => Promise<unknown>): Kind {
    return (chance) => ({
      fault: { what, to: 'all nodes', disturbs: 'nothing' },
      target: this.parts.operators,
      act: () => act(chance),
    });
  }

  private ofReplica(
    what: string,
    disturbs: Fault['disturbs'],
    act: (replica: ChaosReplica, chance: Chance) => Promise<unknown>,
    fits: (replica: ChaosReplica) => boolean = () => true,
  ): Kind {
    return (chance) => {
      const target = chance.one(this.parts.replicas.filter(fits))!;
      return { fault: { what, to: target.name, disturbs }, target, act: () => act(target, chance) };
    };
  }

  private ofNode(
    what: string,
    disturbs: Fault['disturbs'],
    act: (node: ChaosNode, chance: Chance) => Promise<unknown>,
    fits: (node: ChaosNode) => boolean = () => true,
  ): Kind {
    return (chance) => {
      const target = chance.one(this.parts.nodes.filter(fits))!;
      return { fault: { what, to: target.name, disturbs }, target, act: () => act(target, chance) };
    };
  }

  private ofDatabase(what: string, act: (chance: Chance) => Promise<unknown>): Kind {
    const target = this.parts.database;
    return (chance) => ({
      fault: { what, to: 'PostgreSQL', disturbs: 'owner' },
      target,
      act: () => act(chance),
    });
  }
}

async function killReplica(
  replica: ChaosReplica,
  chance: Chance,
  alsoKill: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await Promise.all([replica.kill(), alsoKill()]);
  await sleep(chance.between(0, 5_000));
  replica.wrongBy = chance.between(-10 * MINUTE, 10 * MINUTE);
  await replica.start();
}
