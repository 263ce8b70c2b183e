import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type pg from 'pg';
import type { Connection } from './data-source.js';
import { backendOf, type Fate, Inquiry } from './inquiry.js';
import { LIMITS } from './limits.js';
import { isInRecovery } from './primary.js';

const TICK_MS = 1_000;
/** An answer that is due for more ticks than these is in doubt. */
const PATIENCE_TICKS = 3;
const HEARTBEAT_TICKS = 5;
/** Statements that go on waiting for locks are told of so often. */
const TELL_MS = 10_000;

/** What `pg` has no public name for. */
interface Internals {
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
 * slow or lost is not guessed: the server is asked, on a new connection. It ends what it still keeps for a lost one, which may
 * have locked what others need, and says for whom those wait that it works on.
 */
export class ConnectionWatch {
  private readonly logger = new Logger('Database');
  private readonly pulses = new Map<pg.ClientBase, Pulse>();
  private timer: NodeJS.Timeout | undefined;
  private asking = false;
  private told = -Infinity;

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
    const inquiry = new Inquiry(this.connection);
    try {
      const { fates, blocked } = await inquiry.ask(doubtful);
      const lost = [...fates].flatMap(([client, fate]) => (this.isLost(client, fate) ? [client] : []));
      this.giveUp(lost);
      this.tell(blocked);
      await inquiry.endBackends(lost.map(backendOf));
    } finally {
      await inquiry.end();
    }
  }

  private isLost(client: pg.ClientBase, fate: Fate): boolean {
    const pulse = this.pulses.get(client);
    if (!pulse || pulse.due <= PATIENCE_TICKS || hears(client, pulse)) return false; // closed or answered meanwhile
    pulse.unexplained = fate === 'unknown' ? pulse.unexplained + pulse.due : 0;
    if (fate === 'lost' || pulse.unexplained * TICK_MS > this.longestMs) return true;
    pulse.due = 0;
    return false;
  }

  private tell(blocked: readonly string[]): void {
    const now = performance.now();
    if (blocked.length === 0 || now - this.told < TELL_MS) return;
    this.told = now;
    for (const each of blocked) this.logger.warn(each);
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

/** Whether anything came since the last tick. */
const hears = (client: pg.ClientBase, { bytesRead }: Pulse) =>
  inner(client).connection.stream.bytesRead !== bytesRead;

function feel(client: pg.ClientBase, pulse: Pulse): void {
  const heard = hears(client, pulse);
  const answerDue = !inner(client).readyForQuery || isClosing(client);
  pulse.bytesRead = inner(client).connection.stream.bytesRead;
  pulse.quiet = heard ? 0 : pulse.quiet + 1;
  pulse.due = answerDue && !heard ? pulse.due + 1 : 0;
  if (pulse.due === 0) pulse.unexplained = 0;
}

/** We have taken our leave, which the server answers by closing. */
const isClosing = (client: pg.ClientBase) => inner(client).connection.stream.writableEnded;

const isIdle = (client: pg.ClientBase) =>
  inner(client).readyForQuery && client.getTransactionStatus() === 'I';
