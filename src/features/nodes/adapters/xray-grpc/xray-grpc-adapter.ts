import type { NodeReach } from '../../node.js';
import type { CoreConnection } from '../core-connection.js';
import type { NodeAdapter, NodeMemory } from '../node-adapter.js';
import { XrayGrpcNode, type XrayGrpcSettings } from './xray-grpc-node.js';

/** Xrays that somebody else runs, reached by nothing but their API. It tells no logs. */
export class XrayGrpcAdapter implements NodeAdapter {
  constructor(private readonly settings: XrayGrpcSettings) {}

  connect(reach: NodeReach, memory: NodeMemory): CoreConnection {
    return new XrayGrpcNode(reach, memory, this.settings);
  }
}
