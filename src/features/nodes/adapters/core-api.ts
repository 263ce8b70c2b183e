import { markedConfig, MARKER_PREFIX } from '../../../xray/config/index.js';
import type { Account, ResolvedInbound } from '../../../xray/config/types.js';
import type { XrayClient } from '../../../xray/grpc/index.js';
import type { CoreProcess } from '../domain/core-process.js';
import type { Counters, RunningCore } from './core-connection.js';

/** The part of a connection that is Xray's own API, the same for every kind of node that offers it. */
export class CoreApi {
  constructor(private readonly client: XrayClient) {}

  async observe(version: string, signal: AbortSignal): Promise<RunningCore> {
    const process = await this.process(signal);
    const { marker } = process;
    return {
      running: true,
      configMark: marker === undefined ? undefined : markedConfig(marker),
      version,
      process,
    };
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

  /** The process is asked for after its counters, so that counters are never taken for those of an earlier process. */
  async counters(of: 'user' | 'outbound', signal: AbortSignal): Promise<Counters> {
    if (of === 'user') {
      return { values: await this.client.userTraffic(signal), process: await this.process(signal) };
    }
    const values = await this.client.outboundTraffic(undefined, signal); // the marker is one of them
    return { values, process: { marker: markerAmong(values), ...(await this.age(signal)) } };
  }

  close(): void {
    this.client.close();
  }

  private async process(signal: AbortSignal): Promise<CoreProcess> {
    const markers = await this.client.outboundTraffic(`outbound>>>${MARKER_PREFIX}`, signal);
    return { marker: markerAmong(markers), ...(await this.age(signal)) };
  }

  private async age(signal: AbortSignal): Promise<{ uptimeSeconds: number }> {
    const { uptimeSeconds } = await this.client.sysStats(signal);
    return { uptimeSeconds };
  }
}

/** The core lists its counters in any order. */
function markerAmong(tags: ReadonlyMap<string, unknown>): string | undefined {
  return [...tags.keys()].filter((tag) => tag.startsWith(MARKER_PREFIX)).sort()[0];
}
