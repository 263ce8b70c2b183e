import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { LocalNodesRepository } from '../ownership/local-nodes.repository.js';
import { WorkerNodesRepository } from '../worker-nodes.repository.js';

const SECONDS = 60;

/** Lets go of deleted nodes once their cores have been ended, and of local cores whose folders are gone. */
@Injectable()
export class ForgetDeletedNodesJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly nodes: WorkerNodesRepository,
    private readonly localNodes: LocalNodesRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('forget-deleted-nodes', SECONDS, async () => {
      await this.localNodes.forgetUnseen();
      await this.nodes.forgetDeleted();
    });
  }
}
