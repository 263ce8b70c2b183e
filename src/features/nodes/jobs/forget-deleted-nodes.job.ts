import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { NodesRepository } from '../nodes.repository.js';

const SECONDS = 60;

/** Lets go of deleted nodes once their cores have been ended. */
@Injectable()
export class ForgetDeletedNodesJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly nodes: NodesRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('forget-deleted-nodes', SECONDS, () => this.nodes.forgetDeleted());
  }
}
