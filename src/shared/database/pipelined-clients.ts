import { Injectable, Logger } from '@nestjs/common';
import pg from 'pg';
import type { Statement } from './statement.js';

const CLIENTS = 2;
const STATEMENT_TIMEOUT_MS = 2_000;

/**
 * Two connections on which queries are sent without waiting for earlier answers (`pg`'s pipeline mode): about
 * twice the point reads per second of a pool for half the CPU. A broken connection is replaced at the next use.
 */
@Injectable()
export class PipelinedClients {
  private readonly logger = new Logger(PipelinedClients.name);
  private readonly clients: (Promise<pg.Client> | undefined)[] = new Array(CLIENTS).fill(undefined);
  private turn = 0;
  private ended = false;

  constructor(private readonly options: pg.ClientConfig) {}

  async rows<R>(statement: Statement, values: unknown[]): Promise<R[]> {
    const client = await this.next();
    const result = await client.query({ name: statement.name, text: statement.text, values });
    return result.rows as R[];
  }

  async end(): Promise<void> {
    this.ended = true;
    await Promise.all(this.clients.map(async (client) => (await client?.catch(() => undefined))?.end()));
  }

  private next(): Promise<pg.Client> {
    const index = (this.turn = (this.turn + 1) % CLIENTS);
    return (this.clients[index] ??= this.connect(index));
  }

  private async connect(index: number): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.options,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      connectionTimeoutMillis: 5_000,
      pipeline: true,
    } as pg.ClientConfig);
    const forget = () => {
      this.clients[index] = undefined;
    };
    client.on('error', (error) => {
      forget();
      if (!this.ended) this.logger.warn(`A pipelined database connection broke: ${error.message}`);
    });
    client.on('end', forget);
    try {
      await client.connect();
      return client;
    } catch (error) {
      forget();
      throw error;
    }
  }
}
