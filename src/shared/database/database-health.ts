import { Injectable } from '@nestjs/common';
import { DatabaseEvents } from './database-events.js';
import { Database } from './database.js';
import { PipelinedClients } from './pipelined-clients.js';
import { StandbyReached } from './primary.js';
import { WorkerDatabase } from './worker-database.js';

const PATIENCE_MS = 2_000;

/** Whether requests can use the database, on whichever kind of connection each needs. */
@Injectable()
export class DatabaseHealth {
  constructor(
    private readonly db: Database,
    private readonly workers: WorkerDatabase,
    private readonly pipelined: PipelinedClients,
    private readonly events: DatabaseEvents,
  ) {}

  /** What is wrong; undefined when each kind of connection leads to a server that answers and takes writes. */
  async fault(): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('the database does not answer'), PATIENCE_MS);
    });
    const asked = Promise.all([
      this.db.check(),
      this.workers.check(),
      this.pipelined.check(),
      this.events.check(),
    ]).then(
      () => undefined,
      (error: unknown) =>
        error instanceof StandbyReached
          ? 'the database is a standby, which takes no writes'
          : 'the database is not available',
    );
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  }
}
