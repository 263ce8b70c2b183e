import type { Traffic } from './cheap-core.js';

/** What the process of the cheap nodes is told, */
export type Order =
  | { do: 'serve'; nodes: number; traffic: Traffic }
  /** Tell when all nodes have an account of this email altered. */
  | { do: 'watch'; email: string }
  /** Let no counter move any more. */
  | { do: 'freeze' }
  | { do: 'tell' };

/** and what it tells. Instants are milliseconds since 1970. */
export type Report =
  | { is: 'serving'; agentPort: number; apiPort: number }
  | { is: 'watching'; email: string }
  | { is: 'reached'; email: string; at: number }
  | { is: 'figures'; figures: Figures };

export interface Figures {
  /** Core processes started so far. */
  starts: number;
  /** Calls by method. */
  calls: Record<string, number>;
  /** When the users' counters of each node were read last. */
  readAt: number[];
  /** Accounts altered on all nodes. */
  altered: number;
  /** Bytes that the cores have counted. */
  counted: number;
}
