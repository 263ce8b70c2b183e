import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import pg from 'pg';
import type { ConnectionWatch } from './connection-watch.js';
import { clientOptions, type Connection, isPooled } from './data-source.js';
import type { PipelinedClients } from './pipelined-clients.js';
import { requirePrimary } from './primary.js';
import type { Statement } from './statement.js';

/** The notifications this service sends itself. Each is a hint: whoever listens also looks now and then. */
export type Channel =
  'user_change' | 'node_wake' | 'core_config' | 'hosts_changed' | 'admins_changed' | 'job_wake' | 'notices';

type Handler = (payload: string) => void;

const RETRY_MS = 1_000;
const HINT_MS = 3;
/** At an age between half of this and this the connection is replaced: its address may lead elsewhere by now. */
const LIFETIME_MS = 10 * 60_000;

const NOTIFY: Statement = {
  name: 'notify_channels',
  text: `SELECT pg_notify(c, '') FROM unnest($1::text[]) c`,
};

/**
 * `LISTEN` on one dedicated connection. After a lost connection every handler is called once with an empty
 * payload, since notifications were missed. Through a pooler nothing can be heard but what this process says itself;
 * whoever listens looks now and then anyway.
 */
@Injectable()
export class DatabaseEvents
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger(DatabaseEvents.name);
  private readonly handlers = new Map<Channel, Set<Handler>>();
  private client: pg.Client | undefined;
  /** When it is connected again: soon after a loss, else at the end of the connection's life. */
  private next: NodeJS.Timeout | undefined;
  private readonly hints = new Set<Channel>();
  private hinting: NodeJS.Timeout | undefined;
  private ended = false;
  private connectedBefore = false;
  /** Why there is no connection. */
  private fault: Error | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly watch: ConnectionWatch,
    private readonly points: PipelinedClients,
  ) {}

  private get isDeaf(): boolean {
    return isPooled(this.connection);
  }

  /**
   * Tells all replicas, soon and in one statement with other hints, that something changed. To be called after the
   * commit: a NOTIFY inside a writing transaction makes all such commits of the cluster wait for each other.
   */
  hint(channel: Channel): void {
    this.hints.add(channel);
    this.hinting ??= setTimeout(() => void this.giveHints(), HINT_MS);
  }

  private async giveHints(): Promise<void> {
    clearTimeout(this.hinting);
    this.hinting = undefined;
    const channels = [...this.hints];
    this.hints.clear();
    if (channels.length === 0) return;
    if (this.isDeaf) {
      for (const told of channels) this.tell(told, '');
      await this.points.rows(NOTIFY, [channels]).catch(() => undefined); // others may hear it
    } else {
      await this.send({ ...NOTIFY, values: [channels] });
    }
  }

  /** Calls `handler` on each notification until the returned function is called. */
  on(channel: Channel, handler: Handler): () => void {
    const handlers = this.handlers.get(channel) ?? new Set();
    this.handlers.set(channel, handlers.add(handler));
    if (handlers.size === 1) void this.send({ text: `LISTEN ${channel}` });
    return () => handlers.delete(handler);
  }

  /** @throws when notifications of a server that takes writes do not reach this process. */
  async check(): Promise<void> {
    if (this.isDeaf) return;
    if (!this.client) throw this.fault ?? new Error('Connection terminated');
    await requirePrimary(this.client);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.isDeaf) await this.connect();
  }

  /** What was changed last is told as well, be it the only thing that a short process did. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.giveHints();
  }

  async onApplicationShutdown(): Promise<void> {
    this.ended = true;
    clearTimeout(this.next);
    clearTimeout(this.hinting);
    await this.client?.end().catch(() => undefined);
  }

  /** Beside the present connection, if there is one, until the new one takes its place. */
  private async connect(): Promise<void> {
    const client = new pg.Client({ ...clientOptions(this.connection), pipeline: true } as pg.ClientConfig);
    const onLost = once((error?: Error) => {
      client.end().catch(() => undefined);
      if (this.ended) return;
      if (this.client === client) this.client = undefined;
      if (this.client) return this.connectAfter(LIFETIME_MS / 2); // the old one goes on
      this.complain(error);
      this.connectAfter(RETRY_MS);
    });
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', ({ channel, payload }) => this.tell(channel as Channel, payload ?? ''));
    try {
      await client.connect();
      this.watch.add(client, { brisk: true });
      await requirePrimary(client);
      for (const channel of this.handlers.keys()) await client.query(`LISTEN ${channel}`); // those added meanwhile, too
    } catch (error) {
      return onLost(error as Error);
    }
    this.adopt(client);
  }

  private adopt(client: pg.Client): void {
    if (this.ended) return void client.end().catch(() => undefined);
    const old = this.client;
    this.client = client;
    this.fault = undefined;
    void old?.end().catch(() => undefined);
    this.connectAfter((LIFETIME_MS * (1 + Math.random())) / 2);
    if (this.connectedBefore) for (const channel of this.handlers.keys()) this.tell(channel, '');
    this.connectedBefore = true;
  }

  private connectAfter(milliseconds: number): void {
    clearTimeout(this.next);
    this.next = setTimeout(() => void this.connect(), milliseconds);
  }

  private complain(fault = new Error('Connection terminated by the server')): void {
    const isNews = this.fault === undefined;
    this.fault = fault;
    if (isNews) {
      this.logger.warn(
        `The notification connection broke: ${fault.message}; trying until there is one again`,
      );
    }
  }

  /** A connection that broke is made anew and listens to everything again. */
  private async send(query: pg.QueryConfig): Promise<void> {
    await this.client?.query(query).catch(() => undefined);
  }

  private tell(channel: Channel, payload: string): void {
    for (const handler of this.handlers.get(channel) ?? []) handler(payload);
  }
}

function once(work: (error?: Error) => void): (error?: Error) => void {
  let done = false;
  return (error) => {
    if (done) return;
    done = true;
    work(error);
  };
}
