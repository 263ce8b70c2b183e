import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';

/** The notifications this service sends itself. Each is a hint: whoever listens also looks now and then. */
export type Channel = 'user_change' | 'node_wake' | 'core_config' | 'hosts_changed' | 'admins_changed';

type Handler = (payload: string) => void;

const RETRY_MS = 1_000;
const HINT_MS = 3;

/**
 * `LISTEN` on one dedicated connection. After a lost connection every handler is called once with an empty
 * payload, since notifications were missed.
 */
@Injectable()
export class DatabaseEvents implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(DatabaseEvents.name);
  private readonly handlers = new Map<Channel, Set<Handler>>();
  private client: pg.Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private readonly hints = new Set<Channel>();
  private hinting: NodeJS.Timeout | undefined;
  private sent: Promise<unknown> = Promise.resolve();
  private ended = false;
  private connectedBefore = false;

  constructor(private readonly options: pg.ClientConfig) {}

  /**
   * Tells all replicas, soon and in one statement with other hints, that something changed. To be called after the
   * commit: a NOTIFY inside a writing transaction makes all such commits of the cluster wait for each other.
   */
  hint(channel: Channel): void {
    this.hints.add(channel);
    this.hinting ??= setTimeout(() => {
      this.hinting = undefined;
      const channels = [...this.hints];
      this.hints.clear();
      this.send('SELECT pg_notify(c, $2) FROM unnest($1::text[]) c', [channels, '']);
    }, HINT_MS);
  }

  /** Calls `handler` on each notification until the returned function is called. */
  on(channel: Channel, handler: Handler): () => void {
    const handlers = this.handlers.get(channel) ?? new Set();
    this.handlers.set(channel, handlers.add(handler));
    if (handlers.size === 1) this.send(`LISTEN ${channel}`);
    return () => handlers.delete(handler);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.ended = true;
    clearTimeout(this.retry);
    clearTimeout(this.hinting);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({ ...this.options, keepAlive: true, connectionTimeoutMillis: 5_000 });
    let lost = false;
    const onLost = (error?: Error) => {
      if (lost) return;
      lost = true;
      this.client = undefined;
      client.end().catch(() => undefined);
      if (this.ended) return;
      this.logger.warn(`The notification connection broke: ${error?.message ?? 'closed by the server'}`);
      this.retry = setTimeout(() => void this.connect(), RETRY_MS);
    };
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', ({ channel, payload }) => this.tell(channel as Channel, payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.handlers.keys()) await client.query(`LISTEN ${channel}`); // those added meanwhile, too
      this.client = client;
      if (this.connectedBefore) for (const channel of this.handlers.keys()) this.tell(channel, '');
      this.connectedBefore = true;
    } catch (error) {
      onLost(error as Error);
    }
  }

  /** One statement after the other; a connection that broke is made anew and listens to everything again. */
  private send(sql: string, values?: unknown[]): void {
    const { client } = this;
    if (client) this.sent = this.sent.then(() => client.query(sql, values)).catch(() => undefined);
  }

  private tell(channel: Channel, payload: string): void {
    for (const handler of this.handlers.get(channel) ?? []) handler(payload);
  }
}
