import { type Markers, MARKER_PREFIX, readMarkers } from '../../../xray/config/index.js';
import type { Account, ResolvedInbound } from '../../../xray/config/types.js';
import { type Counter, TrafficByName, type XrayClient } from '../../../xray/grpc/index.js';
import { UserTraffic } from '../domain/user-traffic.js';
import type { Counters, RunningCore } from './core-connection.js';

/** The part of a connection that is Xray's own API, the same for every kind of node that offers it. */
export class CoreApi {
  private observed: RunningCore | undefined;
  /** As they were read last. */
  private users: UserTraffic | undefined;

  constructor(private readonly client: XrayClient) {}

  async observe(version: string, signal: AbortSignal): Promise<RunningCore> {
    const { process: marker, config } = await this.markers(signal);
    const process = { marker, ...(await this.age(signal)) };
    return (this.observed = { running: true, configMark: config, version, process });
  }

  /** The process that was observed last, as far as its age tells that it is still that. */
  async glance(version: string, signal: AbortSignal): Promise<RunningCore> {
    const known = this.observed;
    if (!known) return this.observe(version, signal);
    const { uptimeSeconds } = await this.age(signal);
    if (uptimeSeconds < known.process.uptimeSeconds) return this.observe(version, signal);
    return (this.observed = { ...known, process: { ...known.process, uptimeSeconds } });
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

  /**
   * All in one reply, with the marker of the process among them; its age is asked for after that, so that counters are never
   * taken for those of an earlier process.
   */
  async counters(signal: AbortSignal, patienceMs?: number): Promise<Counters> {
    const users = new UserTraffic(this.users);
    const traffic = new TrafficByName();
    const take = {
      user: (counter: Counter) => users.add(counter),
      outbound: (counter: Counter) => traffic.add(counter),
    };
    await this.client.eachCounter(take, signal, patienceMs);
    this.users = users;
    const { process: marker } = readMarkers(traffic.values.keys());
    const outbounds = new Map([...traffic.values].filter(([tag]) => !tag.startsWith(MARKER_PREFIX)));
    return { users, outbounds, process: { marker, ...(await this.age(signal)) } };
  }

  close(): void {
    this.client.close();
  }

  private async age(signal: AbortSignal): Promise<{ uptimeSeconds: number }> {
    const { uptimeSeconds } = await this.client.sysStats(signal);
    return { uptimeSeconds };
  }
}
