import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { readDateRange } from '../../shared/domain/date-range.js';
import { Answers, anything } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { DateRangeDto } from '../../shared/http/date-range.dto.js';
import { list, object } from '../../shared/http/fields.js';
import { type Actor, CurrentActor, SudoOnly } from '../admins/index.js';
import { NodeIdentity } from './identity/node-identity.js';
import { ExistingNode, TargetNode } from './node.guard.js';
import type { Node } from './node.js';
import { NodeCreateDto, NodeDto, NodeModifyDto, NodeSettingsDto, NodesUsageDto } from './nodes.dto.js';
import { fromNodeCreateDto, fromNodeModifyDto, toNodeDto, toNodeUsageDto } from './nodes.mapper.js';
import { NodesService } from './nodes.service.js';

/** The oldest agent that speaks REST, as clients know it; nobody checks it. */
const MIN_NODE_VERSION = 'v0.2.0';

@ApiTags('Node')
@Controller('api')
export class NodesController {
  constructor(
    private readonly nodes: NodesService,
    private readonly identity: NodeIdentity,
    private readonly clock: DatabaseClock,
  ) {}

  @Get('node/settings')
  @SudoOnly()
  @ApiOperation({ summary: 'What a new node has to trust' })
  @Answers(NodeSettingsDto)
  async getNodeSettings(): Promise<NodeSettingsDto> {
    const { certificate } = await this.identity.get();
    return { min_node_version: MIN_NODE_VERSION, certificate };
  }

  @Post('node')
  @SudoOnly()
  @ApiOperation({ summary: 'Add a node; it is connected afterwards' })
  @Answers(NodeDto)
  @ApiErrors('conflict', 'invalid')
  async addNode(@CurrentActor() by: Actor, @Body() body: NodeCreateDto): Promise<NodeDto> {
    return toNodeDto(await this.nodes.create(by, fromNodeCreateDto(body), { asHost: body.add_as_new_host }));
  }

  @Get('node/:node_id')
  @ExistingNode()
  @ApiOperation({ summary: 'Read a node' })
  @Answers(NodeDto)
  getNode(@TargetNode() node: Node): NodeDto {
    return toNodeDto(node);
  }

  @Put('node/:node_id')
  @ExistingNode()
  @ApiOperation({ summary: 'Change a node; one that is not disabled by this is enabled' })
  @Answers(NodeDto)
  @ApiErrors('conflict')
  async modifyNode(
    @CurrentActor() by: Actor,
    @TargetNode() node: Node,
    @Body() body: NodeModifyDto,
  ): Promise<NodeDto> {
    return toNodeDto(await this.nodes.modify(by, node.id, fromNodeModifyDto(body)));
  }

  @Delete('node/:node_id')
  @ExistingNode()
  @ApiOperation({ summary: 'Delete a node; its hosts stay' })
  @Answers(anything())
  async removeNode(@CurrentActor() by: Actor, @TargetNode() node: Node): Promise<object> {
    await this.nodes.remove(by, node.id);
    return {};
  }

  @Post('node/:node_id/reconnect')
  @ExistingNode()
  @ApiOperation({ summary: 'Connect to a node anew and restart its core' })
  @Answers(anything())
  async reconnectNode(@CurrentActor() by: Actor, @TargetNode() node: Node): Promise<{ detail: string }> {
    await this.nodes.reconnect(by, node.id);
    return { detail: 'Reconnection task scheduled' };
  }

  @Get('nodes')
  @SudoOnly()
  @ApiOperation({ summary: 'List the nodes' })
  @Answers(list(object(() => NodeDto)))
  async getNodes(): Promise<NodeDto[]> {
    return (await this.nodes.list()).map(toNodeDto);
  }

  @Get('nodes/usage')
  @SudoOnly()
  @ApiOperation({ summary: 'The traffic that went through each node' })
  @Answers(NodesUsageDto)
  @ApiErrors('bad_request', 'invalid')
  async getUsage(@Query() query: DateRangeDto): Promise<NodesUsageDto> {
    const traffic = await this.nodes.traffic(readDateRange(query, this.clock.now()));
    return { usages: traffic.map(toNodeUsageDto) };
  }
}
