import type { Traffic } from '../../../xray/grpc/index.js';
import type { Sighting } from '../domain/sighting.js';

const RECENT_MS = 60_000;

/** What a core did lately, for operators to look at: nobody is charged by it. Instants are milliseconds of one clock. */
export class RecentTraffic {
  /** When users were last seen to have traffic, the latest last. */
  private readonly users = new Map<number, number>();
  private polledAt: number | undefined;
  private total: (Traffic & { at: number }) | undefined;
  private speed: Traffic = { up: 0n, down: 0n };

  /** The counters of users were read, and these have moved. When they did before the first look, nobody knows. */
  noteUsers(moved: Iterable<number>, now: number): void {
    if (this.polledAt !== undefined) {
      for (const id of moved) {
        this.users.delete(id);
        this.users.set(id, now);
      }
    }
    this.polledAt = now;
    this.forgetUsers(now);
  }

  /** The counters of outbounds were read. */
  noteOutbounds(counters: Iterable<Traffic>, now: number): void {
    const total = { up: 0n, down: 0n, at: now };
    for (const { up, down } of counters) {
      total.up += up;
      total.down += down;
    }
    if (this.total && now > this.total.at) {
      const { at, ...before } = this.total;
      const perSecond = (bytes: bigint) => BigInt(Math.round(Number(bytes) / ((now - at) / 1000)));
      this.speed = { up: perSecond(total.up - before.up), down: perSecond(total.down - before.down) };
    }
    this.total = total;
  }

  sighting(now: number): Pick<Sighting, 'polledSecondsAgo' | 'traffic'> {
    if (this.polledAt === undefined) return { polledSecondsAgo: null, traffic: null };
    this.forgetUsers(now);
    return {
      polledSecondsAgo: (now - this.polledAt) / 1000,
      traffic: { users: this.users.size, ...this.speed },
    };
  }

  private forgetUsers(now: number): void {
    for (const [id, at] of this.users) {
      if (at > now - RECENT_MS) return;
      this.users.delete(id);
    }
  }
}
