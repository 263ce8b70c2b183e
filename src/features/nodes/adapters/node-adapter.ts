import type { NodeReach } from '../node.js';
import type { CoreConnection } from './core-connection.js';

/** How many lines a log begins with. */
export const LOG_BACKLOG = 100;

/** Where an adapter leaves what it learns, for the next owner of the node. @throws LeaseLost once that is another one */
export interface NodeMemory {
  saveSession(sessionId: string | null): Promise<void>;
  /** From now on the node is known by this certificate (PEM). */
  saveCertificate(pem: string): Promise<void>;
  /** What another node of this installation is called; undefined when there is none with this id, or no more. */
  nameOf(nodeId: number): Promise<string | undefined>;
}

/** The way to nodes of one kind. */
export interface NodeAdapter {
  /** For the one actor that owns the node. Nothing is sent before the first call of the connection. */
  connect(reach: NodeReach, memory: NodeMemory): CoreConnection;
  /**
   * The core's log until `signal` is aborted: its last lines, a hundred at most, then new ones as they are written. Any
   * replica may read it; it changes nothing at the node. Absent where the log is out of reach.
   */
  logs?(reach: NodeReach, signal: AbortSignal): AsyncIterable<string[]>;
}
