/** What is to be shared out, and among how many: nodes that somebody has to work on, replicas that live. */
export interface Census {
  nodes: number;
  replicas: number;
  /** How many of these replicas have lived for longer than the one that asks. */
  elder: number;
}

/**
 * How many nodes the replica that asks is to work on. The shares of all make up the nodes exactly, or a new replica might
 * get none of few; and the eldest have what is left over, so that one that joins moves no node among the others.
 */
export function fairShare({ nodes, replicas, elder }: Census): number {
  const among = Math.max(1, replicas);
  return Math.floor(nodes / among) + (elder < nodes % among ? 1 : 0);
}

/** How often a replica with more than its share gives some up. */
const GIVING_MS = 5_000;

/** In so many turns a replica is down to its share: within a minute, with the time it takes to notice and to take over. */
const TURNS = 10;

/** When a replica gives up nodes of which it has too many, and how many at a time. */
export class Giving {
  private nextAt = -Infinity;
  private pace = 0;

  /**
   * How many to give up at `now` (milliseconds of a monotonic clock): none between two turns; one a turn, or as many as it
   * takes to be through within a minute. It never slows down on the way.
   */
  due(now: number, owned: number, share: number): number {
    if (now < this.nextAt) return 0;
    // It is asked now and then: a turn that is late does not delay those after it.
    this.nextAt = (now - this.nextAt < GIVING_MS ? this.nextAt : now) + GIVING_MS;
    const excess = owned - share;
    this.pace = excess <= 0 ? 0 : Math.min(excess, Math.max(this.pace, Math.ceil(excess / TURNS)));
    return this.pace;
  }
}
