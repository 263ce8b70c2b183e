import { Database } from './database.js';

/** Beside the pool for requests. Few suffice: one reads for all nodes, and what charges and applies is short. */
export const WORKER_POOL_SIZE = 4;

/**
 * The same database, on connections of which requests, however many, take none: for what works by itself. A repository that
 * serves both has a subclass for it. Where nothing works by itself there are no such connections, and what asks here is
 * given the database of requests.
 */
export class WorkerDatabase extends Database {
  override async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}
