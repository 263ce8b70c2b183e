import { type Markers, MARKER_PREFIX, readMarkers } from '../../../xray/config/index.js';
import type { Account, ResolvedInbound } from '../../../xray/config/types.js';
import type { XrayClient } from '../../../xray/grpc/index.js';
import { UserTraffic } from '../domain/user-traffic.js';
import type { OutboundCounters, RunningCore, UserCounters } from './core-connection.js';

/** The part of a connection that is Xray's own API, the same for every kind of node that offers it. */
export class CoreApi {
  constructor(private readonly client: XrayClient) {}

  async observe(version: string, signal: AbortSignal): Promise<RunningCore> {
    const { process: marker, config } = await this.markers(signal);
    return { running: true, configMark: config, version, process: { marker, ...(await this.age(signal)) } };
  }

  async markers(signal: AbortSignal): Promise<Markers> {
    const outbounds = await this.client.outboundTraffic(`outbound>>>${MARKER_PREFIX}`, signal);
    return readMarkers(outbounds.keys());
  }

  async addAccount(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<void> {
    await this.client.addUser(inbound.tag, account, signal);
  }

  async removeAccount(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<void> {
    await this.client.removeUser(inbound.tag, email, signal);
  }

  accounts(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<Account[]> {
    return this.client.listUsers(inbound.tag, email, signal);
  }

  eachAccount(
    inbound: ResolvedInbound,
    take: (account: Account) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return this.client.eachUser(inbound.tag, '', take, signal);
  }

  /** The process is asked for after its counters, so that counters are never taken for those of an earlier process. */
  async userCounters(signal: AbortSignal): Promise<UserCounters> {
    const values = new UserTraffic();
    await this.client.eachUserCounter((counter) => values.add(counter), signal);
    const { process: marker } = await this.markers(signal);
    return { values, process: { marker, ...(await this.age(signal)) } };
  }

  async outboundCounters(signal: AbortSignal): Promise<OutboundCounters> {
    const values = await this.client.outboundTraffic(undefined, signal); // the markers are among them
    const { process: marker } = readMarkers(values.keys());
    return { values, process: { marker, ...(await this.age(signal)) } };
  }

  close(): void {
    this.client.close();
  }

  private async age(signal: AbortSignal): Promise<{ uptimeSeconds: number }> {
    const { uptimeSeconds } = await this.client.sysStats(signal);
    return { uptimeSeconds };
  }
}
