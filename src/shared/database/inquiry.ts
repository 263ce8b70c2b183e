import type { Socket } from 'node:net';
import pg from 'pg';
import { APPLICATION, clientOptions, type Connection } from './data-source.js';
import { leadsThroughPooler } from './pooler.js';

/** How long the server may take to say what has become of statements. */
const ASK_MS = 4_000;

export type Fate = 'at work' | 'lost' | 'unknown';

/** What has become of the statements of some connections. */
export interface Findings {
  fates: Map<pg.ClientBase, Fate>;
  /** Of those that wait for locks, for people: which, and for whom. */
  blocked: string[];
}

/** What `pg` has no public name for. */
interface Internals {
  processID: number;
  connection: { stream: Socket };
}

/** The number of the server's process for a connection. */
export const backendOf = (client: pg.ClientBase): number => (client as unknown as Internals).processID;

/** A connection beside all others, on which a server that can be reached now says how it sees those. */
export class Inquiry {
  private readonly client: pg.Client;
  private readonly late: NodeJS.Timeout;
  private isDirect = false;

  constructor(connection: Connection) {
    this.client = new pg.Client(clientOptions(connection));
    this.client.on('error', () => undefined);
    const { stream } = (this.client as unknown as Internals).connection;
    this.late = setTimeout(() => stream.destroy(), ASK_MS);
  }

  async ask(clients: readonly pg.ClientBase[]): Promise<Findings> {
    const all = (fate: Fate): Findings => ({
      fates: new Map(clients.map((client) => [client, fate])),
      blocked: [],
    });
    try {
      await this.client.connect();
      this.isDirect = !(await leadsThroughPooler(this.client));
      if (!this.isDirect) return all('unknown'); // it has numbers of its own
      const { rows } = await this.client.query<AtWork>(AT_WORK, [clients.map(backendOf)]);
      const atWork = new Set(rows.map(({ pid }) => pid));
      return {
        fates: new Map(clients.map((client) => [client, atWork.has(backendOf(client)) ? 'at work' : 'lost'])),
        blocked: rows.flatMap((row) => (row.isBlocked ? [wordsFor(row)] : [])),
      };
    } catch (error) {
      // One that answers with an error (too many connections) lives, and so may the statements.
      return all(error instanceof pg.DatabaseError ? 'unknown' : 'lost');
    }
  }

  /** What the server goes on with for connections that are lost to us; what they have locked is free then. */
  async endBackends(pids: readonly number[]): Promise<void> {
    if (this.isDirect && pids.length > 0) await this.client.query(END, [pids]).catch(() => undefined);
  }

  async end(): Promise<void> {
    clearTimeout(this.late);
    await this.client.end().catch(() => undefined);
  }
}

interface AtWork {
  pid: number;
  isBlocked: boolean;
  seconds: number;
  statement: string;
  holders: string | null;
}

/** A connection of which the server waits for us (`Client`) has lost either the question or the answer. */
const AT_WORK = `
  SELECT a.pid, coalesce(a.wait_event_type = 'Lock', false) AS "isBlocked",
         extract(epoch FROM clock_timestamp() - a.query_start)::int AS seconds,
         left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80) AS statement,
         CASE WHEN a.wait_event_type = 'Lock' THEN (
           SELECT string_agg(format('process %s (%s, %s for %s s)', b.pid,
                                    concat_ws(' at ', coalesce(nullif(b.application_name, ''), b.backend_type), host(b.client_addr)),
                                    coalesce(b.state, 'of another database user'),
                                    extract(epoch FROM clock_timestamp() - b.state_change)::int), ', ' ORDER BY b.xact_start)
             FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid)))
         END AS holders
    FROM pg_stat_activity a
   WHERE a.pid = ANY ($1) AND a.state NOT LIKE 'idle%' AND a.wait_event_type IS DISTINCT FROM 'Client'`;

/** The name guards against a number that was given anew. */
const END = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE pid = ANY ($1) AND application_name = '${APPLICATION}' AND usename = current_user AND datname = current_database()`;

const wordsFor = ({ seconds, holders, statement }: AtWork) =>
  `A statement has waited ${seconds} s for what ${holders ?? 'somebody'} has locked: ${statement}`;
