import { Controller, Get } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { AnyAdmin } from '../admins/index.js';
import { CoreConfigs } from './core-configs.js';
import { type InboundsByProtocol, ProxyInboundDto } from './core.dto.js';
import { toInboundsByProtocol } from './core.mapper.js';

@ApiTags('System')
@ApiExtraModels(ProxyInboundDto)
@Controller('api/inbounds')
export class InboundsController {
  constructor(private readonly configs: CoreConfigs) {}

  @Get()
  @AnyAdmin()
  @ApiOperation({ summary: 'The inbounds that users can have, by protocol' })
  @ApiOkResponse({
    schema: {
      type: 'object',
      // What OpenAPI 3.1 knows and the types of @nestjs/swagger do not.
      ...{ propertyNames: { $ref: getSchemaPath('ProxyTypes') } },
      additionalProperties: { type: 'array', items: { $ref: getSchemaPath(ProxyInboundDto) } },
    },
  })
  get_inbounds(): InboundsByProtocol {
    return toInboundsByProtocol(this.configs.current().inbounds);
  }
}
