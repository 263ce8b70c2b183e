import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { Database } from '../database/database.js';
import { Readiness } from './readiness.js';

const PING_MS = 2_000;

/** For the probes of an orchestrator; no part of the API. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly db: Database,
    private readonly readiness: Readiness,
  ) {}

  /** The process answers; nothing else is asked, so that a database fault restarts nobody. */
  @Get('live')
  live(): object {
    return { status: 'ok' };
  }

  /** 200 while requests can be answered: the database answers, and the process is not stopping. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: Response): Promise<object> {
    const fault = this.readiness.draining ? 'stopping' : await this.databaseFault();
    if (fault === undefined) return { status: 'ok' };
    response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: 'unavailable', detail: fault };
  }

  private async databaseFault(): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('the database does not answer'), PING_MS);
    });
    const ping = this.db.run('SELECT 1').then(
      () => undefined,
      () => 'the database is not available',
    );
    return Promise.race([ping, late]).finally(() => clearTimeout(timer));
  }
}
