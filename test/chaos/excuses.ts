import type { CoreRun } from './chaos-node.js';
import type { Account, Facts, NodeFacts } from './facts.js';
import { PAUSE, STOP } from './faults.js';

/** What is on its way may be lost so much earlier or later. */
export const LINE_MS = 2_000;
/** So long after a fault its owner may still lose a node: a lease ends by then, and somebody has looked for one. */
const LEASE_MS = 30_000;

export const isWithin = (at: number | undefined, from: number, until: number) =>
  at !== undefined && at >= from && at <= until;

/** When the account was closed for good: what was read and not charged by then is lost. */
export function nextAccountAt(
  facts: Facts,
  node: NodeFacts,
  run: CoreRun,
  accounts: readonly Account[],
): number {
  const begun = accounts.at(-1)?.at ?? run.startedAt;
  const later = facts.accounts.filter(
    ({ nodeId, marker, at }) => node.ids.includes(nodeId) && marker !== run.marker && at > begun,
  );
  return Math.min(Infinity, ...later.map(({ at }) => at));
}

/** A poller can only fail to charge what it has read if it lost the node first, or did not get the last word of the reading. */
export function excuseFor(
  { handovers, faults }: Facts,
  node: NodeFacts,
  run: CoreRun,
  readAt: number,
  closedAt: number,
): string | undefined {
  const handover = handovers.find(
    ({ nodeId, at }) => node.ids.includes(nodeId) && at > readAt && at <= closedAt,
  );
  // Whoever gives a node up in order charges first what it has read.
  const loss =
    handover &&
    faults.findLast(
      ({ disturbs, what, from, until }) =>
        disturbs === 'owner' && what !== STOP && isWithin(handover.at, from, until + LEASE_MS),
    );
  if (handover && loss) {
    const seconds = ((handover.at - readAt) / 1000).toFixed(1);
    return `the node had another owner ${seconds} s later (${loss.what}, ${loss.to})`;
  }
  if (run.end === 'claimed anew' && node.addedAt.some((at) => isWithin(at, run.startedAt, readAt)))
    return 'it was read for the node that was added next';
  // Whoever is stopped may ask once more when it goes on, before it knows that the node is another's.
  const zombie = faults.find(
    ({ what, until }) => what === PAUSE && until <= readAt && until > readAt - LINE_MS,
  );
  if (
    zombie &&
    handovers.some(({ nodeId, at }) => node.ids.includes(nodeId) && at > zombie.from && at <= readAt)
  )
    return `it was read by one who had lost the node (${zombie.to})`;
  const fault = faults.find(
    ({ disturbs, to, from, until }) =>
      disturbs === 'line' && to === node.name && from < readAt + LINE_MS && until > readAt - LINE_MS,
  );
  return fault && `the line was bad (${fault.what})`;
}
