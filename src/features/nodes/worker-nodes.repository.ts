import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import { NodesRepository } from './nodes.repository.js';

/** For what works by itself. */
@Injectable()
export class WorkerNodesRepository extends NodesRepository {
  // oxlint-disable-next-line no-useless-constructor -- its type is what is injected
  constructor(db: WorkerDatabase) {
    super(db);
  }
}
