import { toWireTime } from '../../shared/domain/time.js';
import type { JobState } from './job-states.repository.js';
import type { JobDto } from './jobs.dto.js';

export function toJobDto(job: JobState): JobDto {
  return {
    name: job.name,
    interval_seconds: job.intervalSeconds,
    due_at: toWireTime(job.dueAt),
    owner_id: job.ownerId,
    owner: job.owner,
    started_at: time(job.startedAt),
    finished_at: time(job.finishedAt),
    succeeded_at: time(job.succeededAt),
    duration_seconds: job.duration,
    outcome: job.outcome,
    error: job.error,
    failures: job.failures,
  };
}

const time = (at: Date | null) => at && toWireTime(at);
