/** When a core process started, as exactly as can be told: two processes of one node have disjoint intervals. */
export interface StartInterval {
  earliest: Date;
  latest: Date;
}

/** Allows for the whole seconds in which a core reports its uptime, and for clocks that are corrected. */
const SLACK_MS = 2_000;

/**
 * The start of a core that said `uptimeSeconds` to a question asked and answered at these instants.
 * Source: Xray's `GetSysStats`, whose uptime is cut to whole seconds.
 */
export function startedBetween(uptimeSeconds: number, askedAt: Date, answeredAt: Date): StartInterval {
  return {
    earliest: new Date(askedAt.getTime() - (uptimeSeconds + 1) * 1000 - SLACK_MS),
    latest: new Date(answeredAt.getTime() - uptimeSeconds * 1000),
  };
}

/** Whether both may be one process: nothing shows that `seen` started after `known`. */
export function isSameProcess(known: StartInterval | undefined, seen: StartInterval): boolean {
  return known !== undefined && seen.earliest <= known.latest && known.earliest <= seen.latest;
}
