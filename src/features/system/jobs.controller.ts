import { Controller, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Answers } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { SudoOnly } from '../admins/index.js';
import { JobDto, JobsDto } from './jobs.dto.js';
import { toJobDto } from './jobs.mapper.js';
import { JobsService } from './jobs.service.js';

@ApiTags('System')
@Controller('api/jobs')
export class JobsController {
  constructor(private readonly jobs: JobsService) {}

  @Get()
  @SudoOnly()
  @ApiOperation({
    summary: 'The jobs that replicas share: when each ran last, what it did, and when it is due',
  })
  @Answers(JobsDto)
  async getJobs(): Promise<JobsDto> {
    return { jobs: (await this.jobs.all()).map(toJobDto) };
  }

  /** Whichever replica is first begins it, within about a second. */
  @Post(':name/run')
  @SudoOnly()
  @ApiOperation({ summary: 'Runs a job now, or once more as soon as the present run is over' })
  @ApiParam({ name: 'name', schema: { type: 'string' } })
  @Answers(JobDto)
  @ApiErrors('not_found')
  async runJob(@Param('name') name: string): Promise<JobDto> {
    return toJobDto(await this.jobs.run(name));
  }
}
