import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { webhookTarget } from '../../../shared/activity/targets.js';
import { DatabaseClock } from '../../../shared/database/database-clock.js';
import { toUnixSeconds } from '../../../shared/domain/time.js';
import { UserPresenter } from '../../users/index.js';
import type { Channel, Delivery, Outcome } from '../channel.js';
import { signatureHeaders } from './signature.js';
import { writeEvent } from './webhook-body.js';
import { WebhookClient } from './webhook-client.js';

/** A body has no more bytes unless a single notification has. */
const MOST_BYTES = 1024 * 1024;

/** Shops that are told by a POST to an address of theirs. */
@Injectable()
export class WebhookChannel implements Channel {
  readonly kind = 'webhook';
  readonly most = 100;
  readonly targets: readonly string[];
  private readonly addresses: ReadonlyMap<string, string>;
  private readonly secret: string | undefined;

  constructor(
    { notifications: { webhooks } }: Config,
    private readonly clock: DatabaseClock,
    private readonly presenter: UserPresenter,
    private readonly client: WebhookClient,
  ) {
    this.addresses = new Map(webhooks.addresses.map((address) => [webhookTarget(address), address]));
    this.targets = [...this.addresses.keys()];
    this.secret = webhooks.secret;
  }

  /** Only where it is: anything behind that may be a secret. */
  async addressOf(target: string): Promise<string | undefined> {
    const address = this.addresses.get(target);
    return address && new URL(address).origin;
  }

  async send(target: string, batch: readonly Delivery[]): Promise<Outcome> {
    const address = this.addresses.get(target);
    if (!address) return { result: 'dead', status: null, answer: 'It is not configured any more' };
    const { events, fault } = this.write(batch);
    if (events.length === 0) return { result: 'dead', status: null, answer: fault, count: 1 };
    const count = events.length;
    const body = `[${events.join(',')}]`;
    const headers = {
      'content-type': 'application/json',
      'x-margrave-ids': batch
        .slice(0, count)
        .map(({ notificationId }) => notificationId)
        .join(','),
      ...signatureHeaders(body, this.secret, toUnixSeconds(this.clock.now())),
    };
    try {
      const { status, text } = await this.client.post(address, headers, body);
      return { ...judge(status, text), status, count };
    } catch (error) {
      return { result: 'failed', status: null, answer: (error as Error).message, count };
    }
  }

  /** As many of the first as one body holds, and up to one that makes no sense. */
  private write(batch: readonly Delivery[]): { events: string[]; fault: string } {
    const events: string[] = [];
    let bytes = 2;
    for (const delivery of batch) {
      try {
        const { user } = delivery;
        const event = writeEvent(delivery, user && this.presenter.forAdmin(user, user.owner));
        bytes += Buffer.byteLength(event) + 1;
        if (bytes > MOST_BYTES && events.length > 0) break;
        events.push(event);
      } catch (error) {
        return { events, fault: `It cannot be written: ${(error as Error).message}` };
      }
    }
    return { events, fault: '' };
  }
}

function judge(status: number, text: string): Pick<Outcome, 'answer'> & { result: 'delivered' | 'failed' } {
  if (status < 300) return { result: 'delivered', answer: text };
  if (status < 400)
    return {
      result: 'failed',
      answer: 'It redirects, which is not followed: the setting must name the last address',
    };
  return { result: 'failed', answer: text };
}
