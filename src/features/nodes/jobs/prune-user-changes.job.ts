import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { UserChangesRepository } from '../convergence/user-changes.repository.js';

const SECONDS = 60;

/** Deletes changes of users that every node has applied. */
@Injectable()
export class PruneUserChangesJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly changes: UserChangesRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('prune-user-changes', SECONDS, () => this.changes.prune());
  }
}
