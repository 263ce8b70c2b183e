import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { GoneNodes } from '../ownership/gone-nodes.js';

const SECONDS = 60;

/** Lets go of deleted nodes once their cores have been ended, and of local cores whose folders are gone. */
@Injectable()
export class ForgetDeletedNodesJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly gone: GoneNodes,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('forget-deleted-nodes', SECONDS, () => this.gone.forget());
  }
}
