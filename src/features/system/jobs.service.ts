import { Injectable } from '@nestjs/common';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { type JobState, JobStatesRepository } from './job-states.repository.js';
import { JobNotFound } from './system.errors.js';

/** The jobs that replicas share, as operators see them. */
@Injectable()
export class JobsService {
  constructor(
    private readonly states: JobStatesRepository,
    private readonly events: DatabaseEvents,
  ) {}

  /** All jobs, by name. */
  all(): Promise<JobState[]> {
    return this.states.all();
  }

  /** Has a job run now by whichever replica is first, or once more after the present run. @throws JobNotFound */
  async run(name: string): Promise<JobState> {
    const job = await this.states.makeDue(name);
    if (!job) throw new JobNotFound();
    this.events.hint('job_wake');
    return job;
  }
}
