import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Answers } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { bigInt } from '../../shared/http/fields.js';
import { readParameter } from '../../shared/http/path-id.js';
import { SudoOnly } from '../admins/index.js';
import {
  DeliveriesDto,
  DeliveriesQuery,
  DeliveryDto,
  ReplayedDto,
  TargetNameDto,
  TargetsDto,
  TestResultDto,
} from './notifications.dto.js';
import { fromDeliveriesQuery, toDeliveryDto, toTargetDto, toTestResultDto } from './notifications.mapper.js';
import { NotificationsService } from './notifications.service.js';

const DELIVERY_ID = bigInt({ min: 1 });

@ApiTags('System')
@Controller('api/notifications')
export class NotificationsController {
  constructor(private readonly notifications: NotificationsService) {}

  @Get()
  @SudoOnly()
  @ApiOperation({ summary: 'What others were told or are to be told: each delivery, the newest first' })
  @Answers(DeliveriesDto)
  @ApiErrors('invalid')
  async getNotifications(@Query() query: DeliveriesQuery): Promise<DeliveriesDto> {
    const { deliveries, next } = await this.notifications.list(fromDeliveriesQuery(query));
    return { notifications: deliveries.map(toDeliveryDto), next_cursor: next === null ? null : String(next) };
  }

  @Get('targets')
  @SudoOnly()
  @ApiOperation({ summary: 'Who is told, and how much waits for each or was given up' })
  @Answers(TargetsDto)
  async getNotificationTargets(): Promise<TargetsDto> {
    return { targets: (await this.notifications.targets()).map(toTargetDto) };
  }

  @Post('replay')
  @SudoOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sends everything again that was given up of a target' })
  @Answers(ReplayedDto)
  @ApiErrors('not_found', 'invalid')
  async replayNotifications(@Body() { target }: TargetNameDto): Promise<ReplayedDto> {
    return { replayed: await this.notifications.replayDead(target) };
  }

  @Post('test')
  @SudoOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sends a notification about nothing to a target now, and returns what came back' })
  @Answers(TestResultDto)
  @ApiErrors('not_found', 'invalid')
  async testNotifications(@Body() { target }: TargetNameDto): Promise<TestResultDto> {
    return toTestResultDto(await this.notifications.test(target));
  }

  @Post(':id/replay')
  @SudoOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sends one again, to its target alone' })
  @ApiParam({ name: 'id', schema: { type: 'integer' } })
  @Answers(DeliveryDto)
  @ApiErrors('not_found', 'invalid')
  async replayNotification(@Param('id') id: string): Promise<DeliveryDto> {
    return toDeliveryDto(await this.notifications.replay(readParameter(DELIVERY_ID, id, 'id')));
  }
}
