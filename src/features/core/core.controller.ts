import { Controller, Get, Header, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { BodyLimit, RawJson } from '../../shared/http/body.js';
import { type Actor, AnyAdmin, CurrentActor, SudoOnly } from '../admins/index.js';
import { CoreStatsDto } from './core.dto.js';
import { toCoreStatsDto } from './core.mapper.js';
import { CoreService } from './core.service.js';

/** The stored text is the answer, letter by letter. */
const JSON_TYPE = ['Content-Type', 'application/json'] as const;

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

@ApiTags('Core')
@Controller('api/core')
export class CoreController {
  constructor(private readonly core: CoreService) {}

  @Get()
  @AnyAdmin()
  @ApiOperation({ summary: 'Whether a core runs, and its version' })
  @ApiOkResponse({ type: CoreStatsDto })
  async get_core_stats(): Promise<CoreStatsDto> {
    return toCoreStatsDto(await this.core.state());
  }

  @Post('restart')
  @SudoOnly()
  @ApiOperation({ summary: 'Restart the cores of all nodes' })
  @ApiOkResponse({ schema: { type: 'object' } })
  async restart_core(@CurrentActor() by: Actor): Promise<object> {
    await this.core.restart(by);
    return {};
  }

  @Get('config')
  @Header(...JSON_TYPE)
  @SudoOnly()
  @ApiOperation({ summary: 'The core config, as it was saved' })
  @ApiOkResponse({ schema: { type: 'object' } })
  async get_core_config(): Promise<string> {
    return this.core.source();
  }

  @Get('config/elsewhere')
  @Header(...JSON_TYPE)
  @SudoOnly()
  @ApiOperation({
    summary: 'The core config for an Xray that is not started from here',
    description:
      'What a node of the kind `xray_grpc` has to run: the core config with the API, the statistics and a mark by which it is ' +
      'known, without users and without a listener for the API. It is another one whenever the core config is.',
  })
  @ApiOkResponse({ schema: { type: 'object' } })
  async get_core_config_for_elsewhere(): Promise<string> {
    return this.core.elsewhere();
  }

  @Put('config')
  @Header(...JSON_TYPE)
  @SudoOnly()
  @BodyLimit(MAX_CONFIG_BYTES)
  @ApiOperation({ summary: 'Replace the core config and restart the cores that it changes' })
  @ApiOkResponse({ schema: { type: 'object' } })
  @ApiErrors('bad_request', 'invalid')
  async modify_core_config(@CurrentActor() by: Actor, @RawJson() config: string): Promise<string> {
    return this.core.replace(by, config);
  }
}
