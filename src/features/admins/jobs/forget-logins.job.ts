import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { LoginService } from '../login.service.js';

const SECONDS = 3600;

/** Forgets failed and successful logins that no longer matter. */
@Injectable()
export class ForgetLoginsJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly logins: LoginService,
    private readonly db: WorkerDatabase,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('forget-logins', SECONDS, () => this.logins.forgetOld(this.db));
  }
}
