import { MARKER_PREFIX } from '../../../xray/config/index.js';
import type { Account, ResolvedInbound } from '../../../xray/config/types.js';
import type { SysStats, XrayClient } from '../../../xray/grpc/index.js';
import type { StartInterval } from '../domain/core-process.js';
import type { Counters, RunningCore } from './core-connection.js';

/** Tells when the core that answered started. */
export type StartOf = (stats: SysStats, askedAt: Date, answeredAt: Date) => StartInterval;

/** The part of a connection that is Xray's own API, the same for every kind of node that offers it. */
export class CoreApi {
  constructor(
    private readonly client: XrayClient,
    private readonly startOf: StartOf,
  ) {}

  async observe(version: string, signal: AbortSignal): Promise<RunningCore> {
    const markers = await this.client.outboundTraffic(`outbound>>>${MARKER_PREFIX}`, signal);
    const marker = [...markers.keys()].find((tag) => tag.startsWith(MARKER_PREFIX));
    return { running: true, marker, version, started: await this.started(signal) };
  }

  async addAccount(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<void> {
    await this.client.addUser(inbound.tag, account, signal);
  }

  async removeAccount(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<void> {
    await this.client.removeUser(inbound.tag, email, signal);
  }

  accounts(inbound: ResolvedInbound, email: string | undefined, signal: AbortSignal): Promise<Account[]> {
    return this.client.listUsers(inbound.tag, email, signal);
  }

  /** The process is asked for after its counters, so that counters are never taken for those of a later process. */
  async counters(of: 'user' | 'outbound', signal: AbortSignal): Promise<Counters> {
    const values =
      of === 'user'
        ? await this.client.userTraffic(signal)
        : await this.client.outboundTraffic(undefined, signal);
    return { values, started: await this.started(signal) };
  }

  close(): void {
    this.client.close();
  }

  private async started(signal: AbortSignal): Promise<StartInterval> {
    const askedAt = new Date();
    const stats = await this.client.sysStats(signal);
    return this.startOf(stats, askedAt, new Date());
  }
}
