import { CoreError } from '../../../../xray/grpc/index.js';
import type { NodeReach } from '../../node.js';
import type { CoreConnection } from '../core-connection.js';
import { endpointOf } from '../../endpoint.js';
import type { NodeAdapter, NodeMemory } from '../node-adapter.js';
import { agentLog } from './agent-log.js';
import { MarzbanNode, type MarzbanNodeSettings } from './marzban-node.js';

/** Nodes with Marzban's agent, of version 0.3.0 or newer. */
export class MarzbanNodeAdapter implements NodeAdapter {
  constructor(private readonly settings: MarzbanNodeSettings) {}

  connect(reach: NodeReach, memory: NodeMemory): CoreConnection {
    return new MarzbanNode(reach, memory, this.settings);
  }

  /** By the session of the node's owner, which the agent asks nobody else about. */
  async *logs(
    { address, port, certificate, sessionId }: NodeReach,
    signal: AbortSignal,
  ): AsyncGenerator<string[]> {
    if (sessionId === null) throw new CoreError('unavailable', 'The node is not connected');
    const { certPin, identity } = this.settings;
    const pin = certPin === 'tofu' ? (certificate ?? undefined) : undefined;
    const trust = { identity: await identity.get(), pin };
    yield* agentLog(endpointOf(address, port), { trust, sessionId }, signal);
  }
}
