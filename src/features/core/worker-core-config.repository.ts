import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import { CoreConfigRepository } from './core-config.repository.js';

/** For what works by itself. */
@Injectable()
export class WorkerCoreConfigRepository extends CoreConfigRepository {
  // oxlint-disable-next-line no-useless-constructor -- its type is what is injected
  constructor(db: WorkerDatabase) {
    super(db);
  }
}
