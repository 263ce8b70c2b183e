import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { clientOptions, type Connection } from './data-source.js';
import { LIMITS } from './limits.js';
import { isInRecovery } from './primary.js';

const TICK_MS = 1_000;
/** An answer that is due for more ticks than these is in doubt. */
const PATIENCE_TICKS = 3;
const HEARTBEAT_TICKS = 5;
/** How long the server may take to say what has become of a statement. */
const ASK_MS = 4_000;

/** What `pg` has no public name for. */
interface Internals {
  processID: number;
  /** False while an answer is due. */
  readyForQuery: boolean;
  connection: { stream: Socket };
}
const inner = (client: pg.ClientBase) => client as unknown as Internals;

interface Pulse {
  /**
   * On a brisk connection everything is answered within two seconds, and it is kept for long: silence alone condemns
   * it, and while it is idle it is asked for a sign of life. On another one a statement may rightly take minutes.
   */
  brisk: boolean;
  bytesRead: number;
  /** Ticks without a byte. */
  quiet: number;
  /** Ticks without a byte while an answer was due, since the server was last asked about it. */
  due: number;
  /** Those before, when the server could not tell. */
  unexplained: number;
}

/**
 * Finds connections whose other end has vanished without a word (a host that died, a firewall that forgot them) and
 * destroys them, so that whoever waits is told. TCP itself would take a quarter of an hour. Whether a statement is
 * slow or lost is not guessed: the server is asked, on a new connection.
 */
export class ConnectionWatch {
  private readonly logger = new Logger('Database');
  private readonly pulses = new Map<pg.ClientBase, Pulse>();
  private timer: NodeJS.Timeout | undefined;
  private asking = false;

  /** `longestMs`: what a statement may take where the server cannot tell whether it works on it (behind a pooler). */
  constructor(
    private readonly connection: Connection,
    private readonly longestMs = LIMITS.statementMs + 5_000,
  ) {}

  /** Watches a connected client until its connection is closed. */
  add(client: pg.ClientBase, { brisk }: { brisk: boolean }): void {
    this.pulses.set(client, { brisk, bytesRead: 0, quiet: 0, due: 0, unexplained: 0 });
    inner(client).connection.stream.once('close', () => {
      this.pulses.delete(client);
      if (this.pulses.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    });
    this.timer ??= setInterval(() => this.tick(), TICK_MS).unref();
  }

  /** Ends what a start opened that then failed: nobody else knows of all of it. */
  async closeAll(): Promise<void> {
    const clients = [...this.pulses.keys()] as pg.Client[];
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }

  /** Ticks are counted, not time: a process that was itself held up blames nobody. */
  private tick(): void {
    const lost: pg.ClientBase[] = [];
    const doubtful: pg.ClientBase[] = [];
    for (const [client, pulse] of this.pulses) {
      feel(client, pulse);
      if (pulse.due > PATIENCE_TICKS) {
        const condemned = pulse.brisk || isClosing(client);
        (condemned ? lost : doubtful).push(client);
      } else if (pulse.brisk && pulse.due === 0 && pulse.quiet >= HEARTBEAT_TICKS) {
        this.askForSign(client);
      }
    }
    this.giveUp(lost);
    if (doubtful.length === 0 || this.asking) return;
    this.asking = true;
    void this.askAbout(doubtful).finally(() => (this.asking = false));
  }

  /** Silence after this is noticed like that after any other query. */
  private askForSign(client: pg.ClientBase): void {
    isInRecovery(client).then(
      (isStandby) => isStandby && this.giveUp([client]),
      () => undefined, // it broke, and its owner was told so
    );
  }

  private async askAbout(doubtful: readonly pg.ClientBase[]): Promise<void> {
    const fates = await fatesOf(doubtful, this.connection);
    const lost: pg.ClientBase[] = [];
    for (const [client, fate] of fates) {
      const pulse = this.pulses.get(client);
      if (!pulse || pulse.due <= PATIENCE_TICKS) continue; // closed or answered meanwhile
      pulse.unexplained = fate === 'unknown' ? pulse.unexplained + pulse.due : 0;
      if (fate === 'lost' || pulse.unexplained * TICK_MS > this.longestMs) lost.push(client);
      else pulse.due = 0;
    }
    this.giveUp(lost);
  }

  /** One lost connection puts those in doubt that have been silent as long, though nothing was asked of them. */
  private giveUp(lost: readonly pg.ClientBase[]): void {
    if (lost.length === 0) return;
    const idle = [...this.pulses].flatMap(([client, { quiet }]) =>
      quiet > PATIENCE_TICKS && isIdle(client) ? [client] : [],
    );
    this.logger.warn(
      `The database is silent on ${lost.length} connection(s); giving them up, and ${idle.length} idle one(s)`,
    );
    for (const client of new Set([...lost, ...idle])) inner(client).connection.stream.destroy();
  }
}

function feel(client: pg.ClientBase, pulse: Pulse): void {
  const { bytesRead } = inner(client).connection.stream;
  const heard = bytesRead !== pulse.bytesRead;
  const answerDue = !inner(client).readyForQuery || isClosing(client);
  pulse.bytesRead = bytesRead;
  pulse.quiet = heard ? 0 : pulse.quiet + 1;
  pulse.due = answerDue && !heard ? pulse.due + 1 : 0;
  if (pulse.due === 0) pulse.unexplained = 0;
}

/** We have taken our leave, which the server answers by closing. */
const isClosing = (client: pg.ClientBase) => inner(client).connection.stream.writableEnded;

const isIdle = (client: pg.ClientBase) =>
  inner(client).readyForQuery && client.getTransactionStatus() === 'I';

type Fate = 'at work' | 'lost' | 'unknown';

/** What has become of the statements of these connections, as a server that can be reached now sees it. */
async function fatesOf(
  clients: readonly pg.ClientBase[],
  connection: Connection,
): Promise<[pg.ClientBase, Fate][]> {
  const all = (fate: Fate): [pg.ClientBase, Fate][] => clients.map((client) => [client, fate]);
  const asking = new pg.Client(clientOptions(connection));
  asking.on('error', () => undefined);
  const late = setTimeout(() => inner(asking).connection.stream.destroy(), ASK_MS);
  try {
    await asking.connect();
    // A connection of which the server waits for us (`Client`) has lost either the question or the answer.
    const { rows } = await asking.query<{ itself: number; pids: number[] }>(
      `SELECT pg_backend_pid() AS itself,
              ARRAY(SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1) AND state NOT LIKE 'idle%'
                       AND wait_event_type IS DISTINCT FROM 'Client') AS pids`,
      [clients.map((client) => inner(client).processID)],
    );
    const { itself, pids } = rows[0]!;
    if (itself !== inner(asking).processID) return all('unknown'); // a pooler has numbers of its own
    return clients.map((client) => [client, pids.includes(inner(client).processID) ? 'at work' : 'lost']);
  } catch (error) {
    // One that answers with an error (too many connections) lives, and so may the statements.
    return all(error instanceof pg.DatabaseError ? 'unknown' : 'lost');
  } finally {
    clearTimeout(late);
    await asking.end().catch(() => undefined);
  }
}
