import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { againIfGivenUp } from './given-up.js';
import type { PipelinedClients } from './pipelined-clients.js';
import type { Statement } from './statement.js';

/**
 * The same database on one connection that serves nothing but leases and signs of life: whatever else this process does
 * with the database, and however long that takes, none of them runs out for it.
 */
@Injectable()
export class LeaseDatabase implements OnApplicationShutdown {
  constructor(private readonly connection: PipelinedClients) {}

  /** The rows of a statement that takes milliseconds. */
  async rows<R>(statement: Statement, values: unknown[]): Promise<R[]> {
    return againIfGivenUp(() => this.connection.rows<R>(statement, values));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.end();
  }
}
