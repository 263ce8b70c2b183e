import { toWireTime } from '../../shared/domain/time.js';
import { type Outcome, shortened } from './channel.js';
import type { DeliveriesQuery, DeliveryDto, TargetDto, TestResultDto } from './notifications.dto.js';
import type { DeliveryFilter } from './notifications.repository.js';
import type { KnownTarget, ShownDelivery } from './notifications.service.js';

export function fromDeliveriesQuery({ state, target, limit, cursor }: DeliveriesQuery): DeliveryFilter {
  return { state: state ?? undefined, target: target ?? undefined, before: cursor ?? undefined, limit };
}

export function toDeliveryDto(delivery: ShownDelivery): DeliveryDto {
  const { finishedAt } = delivery;
  return {
    id: delivery.id,
    notification_id: delivery.notificationId,
    action: delivery.action,
    username: delivery.username,
    enqueued_at: toWireTime(delivery.at),
    target: delivery.target,
    address: delivery.address,
    state: delivery.state,
    tries: delivery.tries,
    next_attempt_at: finishedAt === null ? toWireTime(delivery.sendAt) : null,
    finished_at: finishedAt && toWireTime(finishedAt),
    last_status: delivery.lastStatus,
    last_answer: delivery.lastAnswer,
  };
}

export function toTargetDto({ target, address, pending, failed, dead }: KnownTarget): TargetDto {
  return { target, address, pending, failed, dead };
}

export function toTestResultDto(outcome: Outcome): TestResultDto {
  const { status, answer } = outcome;
  return {
    result: outcome.result === 'delivered' ? 'delivered' : 'failed',
    status,
    answer:
      outcome.result === 'later'
        ? `Asks to be left alone for ${outcome.seconds} s`
        : answer && shortened(answer),
  };
}
