import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Admin, AnyAdmin, CurrentAdmin } from '../admins/index.js';
import { SystemStatsDto } from './system.dto.js';
import { toSystemStatsDto } from './system.mapper.js';
import { SystemService } from './system.service.js';

@ApiTags('System')
@Controller('api/system')
export class SystemController {
  constructor(private readonly system: SystemService) {}

  @Get()
  @AnyAdmin()
  @ApiOperation({ summary: 'Machine and user counters' })
  @ApiOkResponse({ type: SystemStatsDto })
  async get_system_stats(@CurrentAdmin() admin: Admin): Promise<SystemStatsDto> {
    return toSystemStatsDto(await this.system.stats(admin));
  }
}
