/** What is to be shared out, and among how many: nodes that somebody has to work on, replicas that live. */
export interface Census {
  nodes: number;
  replicas: number;
}

/** How many nodes one replica is to work on. */
export function fairShare({ nodes, replicas }: Census): number {
  return Math.ceil(nodes / Math.max(1, replicas));
}

/** How often a replica with more than its share gives some up. */
export const GIVING_SECONDS = 5;

/** Within so many turns a new replica has its share: less than a minute. */
const TURNS = 11;

/**
 * How many nodes a replica gives up in this turn, of those it has too many: one, or as many as it takes to be through
 * within a minute. `pace` is what it gave up in the turn before, 0 when that was none: it never slows down on the way.
 */
export function planGiving(owned: number, share: number, pace: number): number {
  const excess = owned - share;
  return excess <= 0 ? 0 : Math.min(excess, Math.max(pace, Math.ceil(excess / TURNS)));
}
