import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import { UserCountsRepository } from './user-counts.repository.js';

/** For what works by itself. */
@Injectable()
export class WorkerUserCountsRepository extends UserCountsRepository {
  // oxlint-disable-next-line no-useless-constructor -- its type is what is injected
  constructor(db: WorkerDatabase) {
    super(db);
  }
}
