import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { NOTICES_CHANNEL } from '../../shared/activity/activity.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { within } from '../../shared/scheduling/within.js';
import type { Delivery, Outcome } from './channel.js';
import { Channels } from './channels.js';
import { NotificationNotFound, TargetNotFound } from './notifications.errors.js';
import {
  type DeliveryFilter,
  type KeptDelivery,
  NotificationsRepository,
  type TargetCounts,
} from './notifications.repository.js';

/** A test is answered by then. */
const TEST_MS = 15_000;

/** A target as operators know it: one of the settings, or one that something waits for. */
export interface KnownTarget extends TargetCounts {
  /** Where it leads, without secrets; null for one that is not configured any more. */
  address: string | null;
}

export type ShownDelivery = KeptDelivery & Pick<KnownTarget, 'address'>;

/** What operators see of notifications, and do about them. */
@Injectable()
export class NotificationsService {
  constructor(
    private readonly kept: NotificationsRepository,
    private readonly channels: Channels,
    private readonly events: DatabaseEvents,
    private readonly clock: DatabaseClock,
  ) {}

  /** The newest first, and behind which one the next page begins. */
  async list(filter: DeliveryFilter): Promise<{ deliveries: ShownDelivery[]; next: bigint | null }> {
    const rows = await this.kept.list({ ...filter, limit: filter.limit + 1 });
    const page = rows.slice(0, filter.limit);
    const next = rows.length > page.length ? page.at(-1)!.id : null;
    return { deliveries: await this.withAddresses(page), next };
  }

  /** Targets of the settings, and others that something waits for or was given up for. */
  async targets(): Promise<KnownTarget[]> {
    const counts = new Map((await this.kept.counts()).map((row) => [row.target, row]));
    const configured = this.channels.all.flatMap(({ targets }) => targets);
    const names = [...new Set([...configured, ...counts.keys()])];
    return this.withAddresses(
      names.map((target) => counts.get(target) ?? { target, pending: 0, failed: 0, dead: 0 }),
    );
  }

  /** Has a delivery made again, whatever became of it. @throws NotificationNotFound */
  async replay(id: bigint): Promise<ShownDelivery> {
    const delivery = await this.kept.replay(id);
    if (!delivery) throw new NotificationNotFound();
    this.events.hint(NOTICES_CHANNEL);
    const [shown] = await this.withAddresses([delivery]);
    return shown!;
  }

  /** Has all made again that were given up of a target; returns how many. @throws TargetNotFound */
  async replayDead(target: string): Promise<number> {
    const replayed = await this.kept.replayDead(target);
    if (replayed === 0 && (await this.addressOf(target)) === null) throw new TargetNotFound();
    if (replayed > 0) this.events.hint(NOTICES_CHANNEL);
    return replayed;
  }

  /** Sends a notification about nothing to a target, past the queue, and returns what came of it. @throws TargetNotFound */
  async test(target: string): Promise<Outcome> {
    const channel = this.channels.of(target);
    if (!channel || (await channel.addressOf(target)) === undefined) throw new TargetNotFound();
    const at = this.clock.now();
    const delivery: Delivery = {
      id: 0n,
      notificationId: randomUUID(),
      tries: 0,
      sendAt: at,
      at,
      action: 'test',
      user: null,
      username: 'test',
      by: null,
      extra: null,
    };
    return channel.send(target, [delivery], within(TEST_MS));
  }

  private async withAddresses<T extends { target: string }>(
    rows: readonly T[],
  ): Promise<(T & { address: string | null })[]> {
    const names = [...new Set(rows.map(({ target }) => target))];
    const addresses = new Map(
      await Promise.all(names.map(async (name) => [name, await this.addressOf(name)] as const)),
    );
    return rows.map((row) => ({ ...row, address: addresses.get(row.target)! }));
  }

  private async addressOf(target: string): Promise<string | null> {
    return (await this.channels.of(target)?.addressOf(target)) ?? null;
  }
}
