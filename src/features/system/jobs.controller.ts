import { Controller, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Answers } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { SudoOnly } from '../admins/index.js';
import { JobStatesRepository } from './job-states.repository.js';
import { JobDto, JobsDto } from './jobs.dto.js';
import { toJobDto } from './jobs.mapper.js';
import { JobNotFound } from './system.errors.js';

@ApiTags('System')
@Controller('api/jobs')
export class JobsController {
  constructor(private readonly states: JobStatesRepository) {}

  @Get()
  @SudoOnly()
  @ApiOperation({
    summary: 'The jobs that replicas share: when each ran last, what it did, and when it is due',
  })
  @Answers(JobsDto)
  async getJobs(): Promise<JobsDto> {
    return { jobs: (await this.states.all()).map(toJobDto) };
  }

  /** Whichever replica is first begins it, within about a second. */
  @Post(':name/run')
  @SudoOnly()
  @ApiOperation({ summary: 'Runs a job now, or once more as soon as the present run is over' })
  @ApiParam({ name: 'name', schema: { type: 'string' } })
  @Answers(JobDto)
  @ApiErrors('not_found')
  async runJob(@Param('name') name: string): Promise<JobDto> {
    const job = await this.states.request(name);
    if (!job) throw new JobNotFound();
    return toJobDto(job);
  }
}
