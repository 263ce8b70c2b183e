import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Config } from '../../../config/config.js';
import { Answers } from '../../../shared/http/answers.js';
import { SudoOnly } from '../../admins/index.js';
import { FleetStateDto } from './fleet-state.dto.js';
import { toFleetStateDto } from './fleet-state.mapper.js';
import { FleetStateRepository } from './fleet-state.repository.js';
import { fleetState } from './fleet-state.js';

@ApiTags('Node')
@Controller('api/nodes')
export class FleetStateController {
  constructor(
    private readonly config: Config,
    private readonly facts: FleetStateRepository,
  ) {}

  @Get('state')
  @SudoOnly()
  @ApiOperation({ summary: 'What is known of each node, those of the service itself too, and the replicas' })
  @Answers(FleetStateDto)
  async getNodesState(): Promise<FleetStateDto> {
    const pinning = this.config.nodes.certPin === 'tofu';
    return toFleetStateDto(fleetState(await this.facts.read()), { pinning });
  }
}
