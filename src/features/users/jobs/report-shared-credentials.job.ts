import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { SharedCredentials } from '../shared-credentials.js';

const SECONDS = 6 * 3600;

/** Tells operators of users whom cores cannot tell apart. */
@Injectable()
export class ReportSharedCredentialsJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly shared: SharedCredentials,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('report-shared-credentials', SECONDS, () => this.shared.report());
  }
}
