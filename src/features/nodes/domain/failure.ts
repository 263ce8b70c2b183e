import { retryAfterSeconds } from './backoff.js';

/** A core that ran this long did not crash at its start. */
const STABLE_MS = 60_000;
/** A core that cannot even be attached to this often in a row counts as hung. */
const MAX_SILENT_CALLS = 3;

/** What failed at a node, as its owner saw it. */
export type Failure =
  /** Another core process answered. */
  | { what: 'replaced' }
  /** A call to the core that is worked with; `isSilent` after too many of them. */
  | { what: 'core'; message: string; isLost: boolean; isSilent: boolean }
  /** Something else, with no core to work with: after so many failures in a row before it. */
  | { what: 'node'; message: string; mayHang: boolean; before: number };

export type FailureStep =
  | { do: 'look_again' }
  | { do: 'retry' }
  /** The core counts as dead. `message` is to be shown, if it is still there. */
  | { do: 'drop_core'; message?: string }
  | { do: 'back_off'; failures: number; waitSeconds: number; message: string; endsCore: boolean };

/** What a failure means. `chance` in [0, 1) spreads the attempts of many nodes. */
export function planFailure(failure: Failure, chance: number): FailureStep {
  switch (failure.what) {
    case 'replaced':
      return { do: 'drop_core' }; // it is found as a new process
    case 'core':
      if (failure.isLost) return { do: 'look_again' };
      if (!failure.isSilent) return { do: 'retry' };
      return { do: 'drop_core', message: `Xray does not answer: ${failure.message}` };
    case 'node': {
      const failures = failure.before + 1;
      const waitSeconds = retryAfterSeconds(failures, chance);
      const endsCore = failure.mayHang && failures >= MAX_SILENT_CALLS;
      return { do: 'back_off', failures, waitSeconds, message: failure.message, endsCore };
    }
  }
}

/** What is shown of a failure of the service itself: a bug, or its database. */
export function ownFailure(error: unknown): string {
  const { message } = error as Error;
  return `the service cannot work on this node: ${message}; its log says more, and it tries again`;
}

/** How often in a row a core has ended soon after its start, and how long to wait before the next start. */
export function planDeath(
  before: number,
  ranMs: number,
  chance: number,
): { crashes: number; waitSeconds: number } {
  const crashes = ranMs > STABLE_MS ? 1 : before + 1;
  return { crashes, waitSeconds: retryAfterSeconds(crashes - 1, chance) };
}
