import { ApiSchema } from '@nestjs/swagger';
import { EnumField, IntField, ListField, object, TextField, TimeField } from '../../shared/http/fields.js';
import { DELIVERY_STATES, type DeliveryState } from './notifications.repository.js';

@ApiSchema({ name: 'NotificationDelivery' })
export class DeliveryDto {
  @IntField({ big: true, description: 'Of this delivery; what is replayed' })
  id!: bigint;

  @TextField({
    description: 'Of what is delivered: the same for all targets, as in the header x-margrave-ids',
  })
  notification_id!: string;

  @TextField()
  action!: string;

  @TextField({ nullable: true })
  username!: string | null;

  @TimeField({ description: 'When it happened' })
  enqueued_at!: string;

  @TextField()
  target!: string;

  @TextField({
    nullable: true,
    description: 'Where the target leads; null when it is not configured any more',
  })
  address!: string | null;

  @EnumField(DELIVERY_STATES, { name: 'NotificationState' })
  state!: DeliveryState;

  @IntField({ description: 'Attempts so far' })
  tries!: number;

  @TimeField({ nullable: true, description: 'When the next attempt is due' })
  next_attempt_at!: string | null;

  @TimeField({ nullable: true, description: 'When it was delivered or given up' })
  finished_at!: string | null;

  @IntField({ nullable: true, description: 'HTTP status of the last attempt' })
  last_status!: number | null;

  @TextField({ nullable: true, description: 'The beginning of the last answer, or why there was none' })
  last_answer!: string | null;
}

@ApiSchema({ name: 'NotificationsResponse' })
export class DeliveriesDto {
  @ListField(object(() => DeliveryDto))
  notifications!: DeliveryDto[];

  @TextField({ nullable: true, description: 'Asks for the next page; null on the last' })
  next_cursor!: string | null;
}

export class DeliveriesQuery {
  @EnumField(DELIVERY_STATES, { name: 'NotificationState', nullable: true })
  state?: DeliveryState | null;

  @TextField({ nullable: true })
  target?: string | null;

  @IntField({ min: 1, max: 1000, default: 100 })
  limit!: number;

  @IntField({ big: true, min: 1, nullable: true })
  cursor?: bigint | null;
}

@ApiSchema({ name: 'NotificationTarget' })
export class TargetDto {
  @TextField({ description: 'The name that the other operations take' })
  target!: string;

  @TextField({ nullable: true, description: 'Where it leads; null when it is not configured any more' })
  address!: string | null;

  @IntField({ description: 'Not tried yet' })
  pending!: number;

  @IntField({ description: 'Tried, and to be tried again' })
  failed!: number;

  @IntField({ description: 'Given up' })
  dead!: number;
}

@ApiSchema({ name: 'NotificationTargetsResponse' })
export class TargetsDto {
  @ListField(object(() => TargetDto))
  targets!: TargetDto[];
}

@ApiSchema({ name: 'NotificationTargetName' })
export class TargetNameDto {
  @TextField()
  target!: string;
}

@ApiSchema({ name: 'NotificationsReplayed' })
export class ReplayedDto {
  @IntField({ description: 'How many are sent again' })
  replayed!: number;
}

@ApiSchema({ name: 'NotificationTestResult' })
export class TestResultDto {
  @EnumField(['delivered', 'failed'], { name: 'NotificationTestOutcome' })
  result!: 'delivered' | 'failed';

  @IntField({ nullable: true, description: 'HTTP status' })
  status!: number | null;

  @TextField({ nullable: true, description: 'The beginning of the answer, or why there was none' })
  answer!: string | null;
}
