import type { SourceValue } from '../source/source.js';
import type { IdSet } from './id-set.js';
import { hoursOf, SUMS } from './sums.js';
import { FAULTS, type HourBooks } from './hour-books.js';
import { MILLION, toId, toInstant, toMillionths } from './values.js';

const HOUR_MS = 3_600_000;

/** The traffic of a user on a core within an hour of UTC; `hour` counts from 1970. */
export interface UserHour {
  userId: number;
  nodeId: number;
  hour: number;
  usedTraffic: bigint;
}

/** The traffic of a core within an hour of UTC. */
export interface NodeHour {
  nodeId: number;
  hour: number;
  uplink: bigint;
  downlink: bigint;
}

/** Undefined when it is no time. */
export function hourOf(value: SourceValue | undefined): number | undefined {
  const at = toInstant(value ?? null)?.getTime();
  return at === undefined ? undefined : Math.floor(at / HOUR_MS);
}

/** Who is there, and which node the local core is here. */
export interface HourRules {
  users: IdSet;
  nodes: ReadonlySet<number>;
  localId: number;
}

/** Rows of one hour, user and core, added up. */
export interface HourSum {
  userId: number | null;
  /** In the source; null is the local core. */
  nodeId: number | null;
  hour: number;
  /** Of the values above 0, in millionths. */
  used: bigint;
  /** Of all values. */
  raw: bigint;
  /** How many values are missing or below 0, as far as it is known. */
  faults: number;
  rows: number;
}

/** Books rows of users' traffic; what is to be written, if anything. */
export function mapUserHour(
  sum: HourSum,
  rules: HourRules,
  books: HourBooks,
  remainders: Remainders,
): UserHour | undefined {
  const { userId, nodeId, hour, rows, raw, used } = sum;
  const bytes = books.bytesOf(nodeId);
  books.read('node_user_usages', rows);
  bytes.read += raw;
  books.saw(userId, nodeId);
  const drop = (what: string, id: number | null) => {
    const amounts = { [SUMS.hours]: raw, [hoursOf(nodeId)]: raw };
    books.dropped('node_user_usages', what, id, rows, amounts);
    return undefined;
  };
  if (userId === null || !rules.users.has(userId)) return drop('of users who are not there', userId);
  if (nodeId !== null && !rules.nodes.has(nodeId)) return drop('of nodes that are not there', nodeId);
  const target = nodeId ?? rules.localId;
  const usedTraffic = remainders.carry(target, userId, used);
  bytes.used += used;
  bytes.written += usedTraffic;
  if (raw !== used) bytes.faulty += raw - used;
  books.imported('node_user_usages', rows, sum.faults > 0);
  if (sum.faults > 0) books.adjusted('node_user_usages', FAULTS, userId, sum.faults);
  return { userId, nodeId: target, hour, usedTraffic };
}

/** Rows of one hour and core, added up. */
export interface NodeHourSum {
  nodeId: number | null;
  hour: number;
  uplink: bigint;
  downlink: bigint;
  rawUp: bigint;
  rawDown: bigint;
  faults: number;
  rows: number;
}

export function mapNodeHour(sum: NodeHourSum, rules: HourRules, books: HourBooks): NodeHour | undefined {
  const { nodeId, hour, rows } = sum;
  books.read('node_usages', rows);
  books.source(SUMS.nodeUp, sum.rawUp);
  books.source(SUMS.nodeDown, sum.rawDown);
  books.saw(null, nodeId);
  if (nodeId !== null && !rules.nodes.has(nodeId)) {
    const lost = { [SUMS.nodeUp]: sum.rawUp, [SUMS.nodeDown]: sum.rawDown };
    books.dropped('node_usages', 'of nodes that are not there', nodeId, rows, lost);
    return undefined;
  }
  const [uplink, downlink] = [sum.uplink / MILLION, sum.downlink / MILLION];
  books.target(SUMS.nodeUp, uplink);
  books.target(SUMS.nodeDown, downlink);
  const lost = {
    [SUMS.nodeUp]: sum.rawUp - uplink * MILLION,
    [SUMS.nodeDown]: sum.rawDown - downlink * MILLION,
  };
  if (lost[SUMS.nodeUp] !== 0n || lost[SUMS.nodeDown] !== 0n) books.explain(FAULTS, lost);
  books.imported('node_usages', rows, sum.faults > 0);
  if (sum.faults > 0) books.adjusted('node_usages', FAULTS, nodeId, sum.faults);
  return { nodeId: nodeId ?? rules.localId, hour, uplink, downlink };
}

/** Ids that are no id are nobody's. */
export function idOf(value: SourceValue | undefined): number | null {
  const id = toId(value);
  return id === null ? null : Number(id);
}

export const millionthsOf = (value: SourceValue | undefined): bigint => toMillionths(value ?? null) ?? 0n;

const CHUNK = 4096;

/**
 * Fractions of bytes, carried from each hour of a user on a core to its next: what is written are differences of totals
 * rounded down, so that each total is short of less than a byte.
 */
export class Remainders {
  private readonly nodes = new Map<number, Map<number, Int32Array>>();

  /** Whole bytes to write for this amount, in millionths. */
  carry(nodeId: number, userId: number, amount: bigint): bigint {
    const whole = amount / MILLION;
    const fraction = Number(amount - whole * MILLION);
    const chunk = this.chunkOf(nodeId, userId, fraction !== 0);
    if (!chunk) return whole;
    const sum = chunk[userId % CHUNK]! + fraction;
    chunk[userId % CHUNK] = sum % 1e6;
    return whole + (sum >= 1e6 ? 1n : 0n);
  }

  private chunkOf(nodeId: number, userId: number, isNeeded: boolean): Int32Array | undefined {
    let chunks = this.nodes.get(nodeId);
    if (!chunks && isNeeded) this.nodes.set(nodeId, (chunks = new Map()));
    const at = Math.floor(userId / CHUNK);
    let chunk = chunks?.get(at);
    if (!chunk && isNeeded) chunks!.set(at, (chunk = new Int32Array(CHUNK)));
    return chunk;
  }
}
