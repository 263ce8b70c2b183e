import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

/** Beside the pool for requests. Few suffice: one reads for all nodes, and what charges and applies is short. */
export const WORKER_POOL_SIZE = 4;

/** The same database, on connections of which requests, however many, take none: for what cares for nodes. */
@Injectable()
export class WorkerDatabase extends Database {
  override async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}
