import { Controller, Get, Put } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { BodyOf } from '../../shared/http/body.js';
import { type Actor, CurrentActor, SudoOnly } from '../admins/index.js';
import { HostDto, hostsByTag, type HostsByTagDto } from './hosts.dto.js';
import { fromHostsByTagDto, toHostsByTagDto } from './hosts.mapper.js';
import { HostsService } from './hosts.service.js';

const answer = {
  schema: {
    type: 'object',
    additionalProperties: { type: 'array', items: { $ref: getSchemaPath(HostDto) } },
  },
};

@ApiTags('System')
@ApiExtraModels(HostDto)
@SudoOnly()
@Controller('api/hosts')
export class HostsController {
  constructor(private readonly hosts: HostsService) {}

  @Get()
  @ApiOperation({ summary: 'The hosts of every inbound' })
  @ApiOkResponse(answer)
  async get_hosts(): Promise<HostsByTagDto> {
    return toHostsByTagDto(await this.hosts.all());
  }

  @Put()
  @ApiOperation({ summary: 'Replace the hosts of the inbounds in the body' })
  @ApiOkResponse(answer)
  @ApiErrors('bad_request', 'invalid')
  async modify_hosts(
    @CurrentActor() by: Actor,
    @BodyOf(hostsByTag) body: HostsByTagDto,
  ): Promise<HostsByTagDto> {
    await this.hosts.replace(by, fromHostsByTagDto(body));
    return toHostsByTagDto(await this.hosts.all());
  }
}
