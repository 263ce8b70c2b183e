import { readMarkers } from '../../src/xray/config/index.js';
import type { Traffic } from '../../src/xray/grpc/index.js';
import type { CoreRun } from './chaos-node.js';
import type { Reading } from './counter-relay.js';
import { excuseFor, isWithin, LINE_MS, nextAccountAt } from './excuses.js';
import type { Account, Charged, Facts, NodeFacts } from './facts.js';
import { type Fault, STOP } from './faults.js';
import { trafficByUser } from './traffic-by-user.js';

/** So long may a start take. */
const START_MS = 30_000;

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
  /** Reported and not charged, for one of the reasons for which that may be (docs/decisions/0007). */
  doubtful: bigint;
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
    const explain = explainer(node, facts.faults);
    return node.runs.map((run, i) => {
      const accounts = facts.accounts.filter(
        ({ nodeId, marker }) => node.ids.includes(nodeId) && marker === run.marker,
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
  const known = new Set(facts.nodes.flatMap(({ runs }) => runs.map(({ marker }) => marker)));
  for (const { nodeId, coreEpoch, marker } of facts.accounts) {
    if (known.has(marker ?? '')) continue;
    // One that is opened for a claim which then could not be made stays empty.
    const isClaim = readMarkers([marker ?? '']).claim !== undefined;
    const charged = sum(facts.charged.filter((row) => row.nodeId === nodeId && row.coreEpoch === coreEpoch));
    if (!isClaim || charged > 0n) problems.push(`node ${nodeId}: an account for ${marker}, which never ran`);
  }
  return { lines, problems };
}

/** Tells why a process had to be started after another one. What operators asked for explains one start each time. */
function explainer({ restarts, withdrawals, replicas }: NodeFacts, faults: readonly Fault[]) {
  let left = restarts;
  let withdrawn = [...withdrawals];
  return (run: CoreRun, before: CoreRun | undefined, reason: string | null): string | undefined => {
    if (run.cause !== undefined) return run.cause;
    if (!before) return replicas.length > 0 ? 'the service was started' : 'the node was added';
    if (before.end === 'killed') return 'the Xray before was killed';
    if (before.end === 'agent restarted') return 'the agent was restarted';
    const stop = faults.find(
      ({ what, to, from, until }) =>
        what === STOP && replicas.includes(to) && isWithin(before.endedAt, from, until + LINE_MS),
    );
    if (stop) return `${stop.to} was stopped`;
    // A start that was under way was ended as soon as it was done.
    const isReason = ({ at }: { at: number }) =>
      isWithin(at, before.startedAt - START_MS, before.endedAt ?? run.startedAt);
    const withdrawal = before.end === 'disconnected' ? withdrawn.find(isReason) : undefined;
    if (withdrawal) {
      withdrawn = withdrawn.filter((one) => !isReason(one));
      return `the node was ${withdrawal.what} before`;
    }
    if (reason !== 'operator' && run.configMark !== before.configMark) return 'another config';
    if (left-- > 0) return 'it was asked for';
    return run.configMark === before.configMark ? undefined : 'another config';
  };
}

function chargesOf(facts: Facts, node: NodeFacts, run: CoreRun, accounts: readonly Account[]) {
  const notes: string[] = [];
  const own = facts.charged.filter(({ nodeId, coreEpoch }) =>
    accounts.some((account) => account.nodeId === nodeId && account.coreEpoch === coreEpoch),
  );
  const users = new Map(own.flatMap((row) => (row.userId === null ? [] : [[row.userId, row] as const])));
  const tags = new Map(own.flatMap((row) => (row.tag === null ? [] : [[row.tag, row] as const])));
  const userReadings = node.readings(run.marker, 'user').map((reading) => ({
    ...reading,
    values: beyond(trafficByUser(reading.values), users),
  }));
  const closedAt = nextAccountAt(facts, node, run, accounts);
  const judge = <K>(what: string, charged: ReadonlyMap<K, Traffic>, readings: readonly Read<K>[]) =>
    compare(charged, readings, {
      excuse: (readAt) => (run.end === undefined ? undefined : excuseFor(facts, node, run, readAt, closedAt)),
      note: (lost, readAt, excuse) => {
        const when = run.endedAt
          ? ` (read ${((run.endedAt - readAt) / 1000).toFixed(1)} s before its end)`
          : '';
        notes.push(excuse ? `${what}: ${lost}${when}, for ${excuse}` : `! ${what}: ${lost}${when}`);
      },
    });
  const living = <T>(all: ReadonlyMap<number, T>) =>
    new Map([...all].filter(([id]) => facts.userIds.has(id)));
  const ofUsers = judge(
    'users',
    living(users),
    userReadings.map((reading) => ({ ...reading, values: living(reading.values) })),
  );
  const outbounds = judge(
    'outbounds',
    tags,
    node.readings(run.marker, 'outbound').map((reading) => ({
      ...reading,
      values: beyond(reading.values, tags),
    })),
  );
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

/** What the values are beyond those with which the counting began. */
function beyond<K>(values: ReadonlyMap<K, Traffic>, charged: ReadonlyMap<K, Charged>): Map<K, Traffic> {
  return new Map(
    [...values].map(([key, { up, down }]) => {
      const from = charged.get(key)?.from ?? { up: 0n, down: 0n };
      return [key, { up: up - from.up, down: down - from.down }];
    }),
  );
}

/** What was charged has to be what one reading said, to the byte for everybody, and this the last one. */
function compare<K>(
  charged: ReadonlyMap<K, Traffic>,
  readings: readonly Read<K>[],
  judge: {
    /** Why a reading of that time may be lost. */
    excuse: (readAt: number) => string | undefined;
    note: (lost: string, readAt: number, excuse: string | undefined) => void;
  },
): Sums {
  const at = readings.findLastIndex(({ values }) => isSame(values, charged));
  const sums = {
    reported: sum(readings.at(-1)?.values.values() ?? []),
    charged: sum(charged.values()),
    doubtful: 0n,
  };
  if (at < 0 && sums.charged > 0n) {
    judge.note(`${sums.charged} bytes charged, which no reading said`, Infinity, undefined);
    return sums;
  }
  const missed = readings
    .slice(at + 1)
    .filter(({ values }) => !isSame(values, charged))
    .map((reading) => ({ reading, excuse: reading.isDoubtful ? UNFINISHED : judge.excuse(timeOf(reading)) }));
  const worst = missed.find(({ excuse }) => excuse === undefined) ?? missed[0];
  if (!worst) return sums;
  const lost = sums.reported - sums.charged;
  judge.note(`${lost} bytes of ${missed.length} readings not charged`, timeOf(worst.reading), worst.excuse);
  return { ...sums, doubtful: worst.excuse === undefined ? 0n : lost };
}

/** A reading that its poller may not have finished when the core ended counts for nobody. */
const UNFINISHED = 'the core ended while it was read';

const timeOf = ({ completeAt, at }: Pick<Reading, 'completeAt' | 'at'>) => completeAt ?? at;

function isSame<K>(a: ReadonlyMap<K, Traffic>, b: ReadonlyMap<K, Traffic>): boolean {
  return [...new Set([...a.keys(), ...b.keys()])].every((key) => {
    const [one, other] = [a.get(key), b.get(key)];
    return (one?.up ?? 0n) === (other?.up ?? 0n) && (one?.down ?? 0n) === (other?.down ?? 0n);
  });
}

const total = (traffic: Traffic | undefined) => (traffic ? traffic.up + traffic.down : 0n);

function sum(all: Iterable<Traffic>): bigint {
  return [...all].reduce((bytes, traffic) => bytes + total(traffic), 0n);
}
