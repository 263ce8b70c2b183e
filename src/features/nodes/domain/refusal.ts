import { retryRefusedAfterSeconds } from './backoff.js';
import type { NodeState } from './node-state.js';

/** Why a core does not run the wanted config. */
export interface Refusal {
  /** What is shown of it. */
  message: string;
  /** The core's own; null for one that the version before has noted. */
  words: string | null;
  /** In a row. */
  refusals: number;
  /** When it is tried again, counted from now; undefined for a refusal that was recorded before. */
  retryAfterSeconds: number | undefined;
}

/** A config that the core just refused; `words` are its own. */
export function newRefusal(
  state: NodeState,
  { refused, running, words }: { refused: bigint; running: bigint; words: string },
  chance: number,
): Refusal & { retryAfterSeconds: number } {
  const refusals = state.appliedConfigVersion === refused ? state.refusals + 1 : 1;
  return {
    message: refusalOf(refused, running, words),
    words,
    refusals,
    retryAfterSeconds: retryRefusedAfterSeconds(refusals, chance),
  };
}

/** The refusal that was met earlier. */
export function knownRefusal(state: NodeState, refused: bigint, running: bigint): Refusal {
  const { refusal: words, refusals } = state;
  return { message: refusalOf(refused, running, words), words, refusals, retryAfterSeconds: undefined };
}

function refusalOf(refused: bigint, running: bigint, words: string | null): string {
  return `config v${refused} refused, running v${running}${words === null ? '' : `: ${words}`}`;
}
