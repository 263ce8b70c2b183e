import type { Traffic } from '../../src/xray/grpc/index.js';
import type { CoreRun } from './chaos-node.js';
import type { Reading } from './counter-relay.js';
import { type Fault, PAUSE } from './faults.js';
import { trafficByUser } from './traffic-by-user.js';

/** What is on its way may be lost so much earlier or later. */
const LINE_MS = 2_000;

/** What the journal holds of one baseline of one core process, added up. */
export interface Charged {
  nodeId: number;
  coreEpoch: bigint;
  userId: number | null;
  tag: string | null;
  up: bigint;
  down: bigint;
}

/** A core process that the service gave an account. */
export interface Account {
  nodeId: number;
  coreEpoch: bigint;
  marker: string | null;
  /** Milliseconds since 1970. */
  at: number;
  reason: string | null;
}

export interface NodeFacts {
  id: number;
  name: string;
  runs: readonly CoreRun[];
  readings: (marker: string, of: Reading['of']) => readonly Reading[];
  /** Restarts that were asked for. */
  restarts: number;
}

/** That a node got another owner, or the same one anew, who knows nothing of what the one before had read. */
export interface Handover {
  nodeId: number;
  /** Milliseconds since 1970. */
  at: number;
}

export interface Facts {
  nodes: readonly NodeFacts[];
  handovers: readonly Handover[];
  accounts: readonly Account[];
  charged: readonly Charged[];
  /** Users that were not deleted. */
  userIds: ReadonlySet<number>;
  faults: readonly Fault[];
}

export interface Line {
  node: string;
  run: CoreRun;
  /** Why there is this process, as the suite knows; undefined: for no reason. */
  cause: string | undefined;
  /** What the service noted. */
  reason: string | null;
  users: Sums;
  outbounds: Sums;
  /** Bytes of users who were deleted later, which are nobody's. */
  ofDeleted: bigint;
  notes: string[];
}

export interface Sums {
  reported: bigint;
  charged: bigint;
}

export interface Ledger {
  lines: Line[];
  /** What must not be. */
  problems: string[];
}

/** Compares what each core process reported with what was charged, and explains each of them. */
export function makeLedger(facts: Facts): Ledger {
  const problems: string[] = [];
  const lines = facts.nodes.flatMap((node) => {
    const explain = explainer(node);
    return node.runs.map((run, i) => {
      const accounts = facts.accounts.filter(
        ({ nodeId, marker }) => nodeId === node.id && marker === run.marker,
      );
      const reason = accounts[0]?.reason ?? null;
      const line: Line = {
        node: node.name,
        run,
        cause: explain(run, node.runs[i - 1], reason),
        reason,
        ...chargesOf(facts, node, run, accounts),
      };
      const name = `${node.name}, process ${run.pid}`;
      if (accounts.length > 1) problems.push(`${name}: has ${accounts.length} accounts`);
      if (line.cause === undefined) problems.push(`${name}: was started for no reason (noted: ${reason})`);
      problems.push(
        ...line.notes.filter((note) => note.startsWith('!')).map((note) => `${name}: ${note.slice(2)}`),
      );
      return line;
    });
  });
  const known = new Set(facts.nodes.flatMap(({ id, runs }) => runs.map(({ marker }) => `${id} ${marker}`)));
  for (const { nodeId, marker } of facts.accounts) {
    if (!known.has(`${nodeId} ${marker}`))
      problems.push(`node ${nodeId}: an account for ${marker}, which never ran`);
  }
  return { lines, problems };
}

/** Tells why a process had to be started after another one. Each restart that was asked for explains one start. */
function explainer({ restarts }: NodeFacts) {
  let left = restarts;
  return (run: CoreRun, before: CoreRun | undefined, reason: string | null): string | undefined => {
    if (!before) return 'the node was added';
    if (before.end === 'killed') return 'the Xray before was killed';
    if (before.end === 'agent restarted') return 'the agent was restarted';
    if (reason !== 'operator' && run.configMark !== before.configMark) return 'another config';
    if (left-- > 0) return 'it was asked for';
    return run.configMark === before.configMark ? undefined : 'another config';
  };
}

function chargesOf(facts: Facts, node: NodeFacts, run: CoreRun, accounts: readonly Account[]) {
  const notes: string[] = [];
  const own = facts.charged.filter(
    ({ nodeId, coreEpoch }) =>
      nodeId === node.id && accounts.some((account) => account.coreEpoch === coreEpoch),
  );
  const users = new Map(own.flatMap((row) => (row.userId === null ? [] : [[row.userId, row] as const])));
  const tags = new Map(own.flatMap((row) => (row.tag === null ? [] : [[row.tag, row] as const])));
  const userReadings = node.readings(run.marker, 'user').map((reading) => ({
    ...reading,
    values: trafficByUser(reading.values) as ReadonlyMap<number, Traffic>,
  }));
  const closedAt = nextAccountAt(facts, node, accounts);
  const judge = <K>(what: string, charged: ReadonlyMap<K, Traffic>, readings: readonly Read<K>[]) =>
    compare(charged, readings, (lost, readAt) => {
      const excuse = run.end === undefined ? undefined : excuseFor(facts, node, readAt, closedAt);
      const when = run.endedAt
        ? ` (read ${((run.endedAt - readAt) / 1000).toFixed(1)} s before its end)`
        : '';
      notes.push(excuse ? `${what}: ${lost}${when}, for ${excuse}` : `! ${what}: ${lost}${when}`);
    });
  const living = <T>(all: ReadonlyMap<number, T>) =>
    new Map([...all].filter(([id]) => facts.userIds.has(id)));
  const ofUsers = judge(
    'users',
    living(users),
    userReadings.map((reading) => ({ ...reading, values: living(reading.values) })),
  );
  const outbounds = judge('outbounds', tags, node.readings(run.marker, 'outbound') as Read<string>[]);
  for (const [id, charged] of users) {
    if (facts.userIds.has(id)) continue;
    const isReported = userReadings.some(({ values }) => total(values.get(id)) === total(charged));
    if (!isReported)
      notes.push(`! user ${id}, who was deleted: charged ${total(charged)}, which was never reported`);
  }
  const last = userReadings.at(-1)?.values ?? new Map<number, Traffic>();
  const ofDeleted = sum([...last].filter(([id]) => !facts.userIds.has(id)).map(([, traffic]) => traffic));
  return { users: ofUsers, outbounds, ofDeleted, notes };
}

type Read<K> = Omit<Reading, 'values'> & { values: ReadonlyMap<K, Traffic> };

/** What was charged has to be what one reading said, to the byte for everybody, and this the last one. */
function compare<K>(
  charged: ReadonlyMap<K, Traffic>,
  readings: readonly Read<K>[],
  onLoss: (lost: string, readAt: number) => void,
): Sums {
  const at = readings.findLastIndex(({ values }) => isSame(values, charged));
  const sums = { reported: sum(readings.at(-1)?.values.values() ?? []), charged: sum(charged.values()) };
  if (at < 0 && sums.charged > 0n) {
    onLoss(`${sums.charged} bytes charged, which no reading said`, Infinity);
    return sums;
  }
  // A reading that its poller may not have finished when the core ended counts for nobody.
  const missed = readings.slice(at + 1).filter(({ values }) => !isSame(values, charged));
  const surely = missed.find(({ isDoubtful }) => !isDoubtful);
  if (!surely) return { ...sums, reported: sums.charged };
  onLoss(
    `${sums.reported - sums.charged} bytes of ${missed.length} readings not charged`,
    surely.completeAt ?? surely.at,
  );
  return sums;
}

function isSame<K>(a: ReadonlyMap<K, Traffic>, b: ReadonlyMap<K, Traffic>): boolean {
  return [...new Set([...a.keys(), ...b.keys()])].every((key) => {
    const [one, other] = [a.get(key), b.get(key)];
    return (one?.up ?? 0n) === (other?.up ?? 0n) && (one?.down ?? 0n) === (other?.down ?? 0n);
  });
}

/** When the account was closed for good: what was read and not charged by then is lost. */
function nextAccountAt(facts: Facts, node: NodeFacts, accounts: readonly Account[]): number {
  const later = facts.accounts.filter(
    ({ nodeId, coreEpoch }) => nodeId === node.id && accounts.every((own) => coreEpoch > own.coreEpoch),
  );
  return Math.min(Infinity, ...later.map(({ at }) => at));
}

/** A poller can only fail to charge what it has read if it lost the node first, or did not get the last word of the reading. */
function excuseFor(
  { handovers, faults }: Facts,
  node: NodeFacts,
  readAt: number,
  closedAt: number,
): string | undefined {
  const handover = handovers.find(({ nodeId, at }) => nodeId === node.id && at > readAt && at <= closedAt);
  if (handover) {
    const seconds = ((handover.at - readAt) / 1000).toFixed(1);
    const of = faults.findLast((fault) => fault.disturbs === 'owner' && fault.from < handover.at);
    return `the node had another owner ${seconds} s later (${of?.what}, ${of?.to})`;
  }
  // Whoever is stopped may ask once more when it goes on, before it knows that the node is another's.
  const zombie = faults.find(
    ({ what, until }) => what === PAUSE && until <= readAt && until > readAt - LINE_MS,
  );
  if (zombie && handovers.some(({ nodeId, at }) => nodeId === node.id && at > zombie.from && at <= readAt))
    return `it was read by one who had lost the node (${zombie.to})`;
  const fault = faults.find(
    ({ disturbs, to, from, until }) =>
      disturbs === 'line' && to === node.name && from < readAt + LINE_MS && until > readAt - LINE_MS,
  );
  return fault && `the line was bad (${fault.what})`;
}

const total = (traffic: Traffic | undefined) => (traffic ? traffic.up + traffic.down : 0n);

function sum(all: Iterable<Traffic>): bigint {
  return [...all].reduce((bytes, traffic) => bytes + total(traffic), 0n);
}
