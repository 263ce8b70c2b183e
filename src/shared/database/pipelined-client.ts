import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { ConnectionWatch } from './connection-watch.js';
import { POINT_LIMITS, runLimited, sessionLimits, watchClient } from './limits.js';
import { requirePrimary } from './primary.js';
import { isConnectionSpoiled } from './unavailable.js';

/** While the database is away everybody is told so at once, rather than each waiting for an attempt of his own. */
const RETRY_MS = 1_000;

export interface PipelinedOptions {
  client: pg.ClientConfig;
  isPooled: boolean;
  watch: ConnectionWatch;
  /**
   * At an age between half of this and this, a connection is replaced: its address may have come to lead to another
   * server, while the old one lives on and knows nothing new.
   */
  lifetimeMs: number;
}

/** One connection in `pg`'s pipeline mode, made when it is needed, and anew when it broke. */
export class PipelinedClient {
  private readonly logger = new Logger(PipelinedClient.name);
  private connecting: Promise<pg.Client> | undefined;
  /** What `connecting` led to. */
  private client: pg.Client | undefined;

  constructor(private readonly options: PipelinedOptions) {}

  async query(query: pg.QueryConfig): Promise<pg.QueryResult> {
    return this.use((client) =>
      this.options.isPooled ? runLimited(client, POINT_LIMITS, query) : client.query(query),
    );
  }

  /** @throws when it leads to no server that takes writes. */
  async check(): Promise<void> {
    await this.use(requirePrimary);
  }

  async end(): Promise<void> {
    const client = await this.connecting?.catch(() => undefined);
    this.client = undefined;
    await client?.end();
  }

  private async use<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    this.connecting ??= this.connect();
    const client = await this.connecting;
    try {
      return await work(client);
    } catch (error) {
      if (isConnectionSpoiled(error) && this.forget(client)) retire(client);
      throw error;
    }
  }

  private connect(): Promise<pg.Client> {
    const connecting = this.open().then((client) => this.adopt(client));
    connecting.catch(() =>
      setTimeout(() => {
        if (this.connecting === connecting) this.connecting = undefined;
      }, RETRY_MS).unref(),
    );
    return connecting;
  }

  private async open(): Promise<pg.Client> {
    const { client: options, isPooled } = this.options;
    const limits = isPooled ? {} : sessionLimits(POINT_LIMITS);
    const client = new pg.Client({ ...options, ...limits, pipeline: true } as pg.ClientConfig);
    client.on('error', (error) => {
      if (this.forget(client)) this.logger.warn(`A pipelined database connection broke: ${error.message}`);
    });
    client.on('end', () => this.forget(client));
    try {
      await client.connect();
      this.options.watch.add(client, { brisk: true });
      if (!isPooled) await watchClient(client);
      await requirePrimary(client);
      return client;
    } catch (error) {
      retire(client);
      throw error;
    }
  }

  private adopt(client: pg.Client): pg.Client {
    this.client = client;
    this.connecting = Promise.resolve(client);
    const age = (this.options.lifetimeMs * (1 + Math.random())) / 2;
    setTimeout(() => void this.renew(client), age).unref();
    return client;
  }

  /** The old connection goes once the new one is there, so that no query waits or fails. */
  private async renew(old: pg.Client): Promise<void> {
    if (this.client !== old) return;
    const fresh = await this.open().catch(() => undefined);
    if (this.client !== old) return fresh && retire(fresh);
    this.adopt(fresh ?? old);
    if (fresh) retire(old);
  }

  /** The next query makes a new connection. Whether it was in use. */
  private forget(client: pg.Client): boolean {
    if (this.client !== client) return false;
    this.client = this.connecting = undefined;
    return true;
  }
}

/** Closes a connection when what was sent on it has been answered; later, for who was just given it. */
function retire(client: pg.Client): void {
  setImmediate(() => void client.end().catch(() => undefined));
}
