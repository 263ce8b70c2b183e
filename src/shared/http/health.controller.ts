import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { DatabaseHealth } from '../database/database-health.js';
import { Readiness } from './readiness.js';

/** For the probes of an orchestrator; no part of the API. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly database: DatabaseHealth,
    private readonly readiness: Readiness,
  ) {}

  /** The process answers; nothing else is asked, so that a database fault restarts nobody. */
  @Get('live')
  live(): object {
    return { status: 'ok' };
  }

  /** 200 while requests can be answered: the database can be used, and the process is not stopping. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: Response): Promise<object> {
    const fault = this.readiness.draining ? 'stopping' : await this.database.fault();
    if (fault === undefined) return { status: 'ok' };
    response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: 'unavailable', detail: fault };
  }
}
