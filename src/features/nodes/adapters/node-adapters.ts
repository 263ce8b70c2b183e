import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { SecretStore } from '../../../shared/secrets/secret-store.js';
import { LocalXray } from '../../../xray/local-xray.js';
import { NodeIdentity } from '../identity/node-identity.js';
import type { NodeKind } from '../node.js';
import { LocalAdapter } from './local/local-adapter.js';
import { MarzbanNodeAdapter } from './marzban-node/marzban-node-adapter.js';
import type { NodeAdapter } from './node-adapter.js';
import { XrayGrpcAdapter } from './xray-grpc/xray-grpc-adapter.js';

/** What this replica can work with: an adapter for each kind of node. */
@Injectable()
export class NodeAdapters {
  private readonly adapters = new Map<NodeKind, NodeAdapter>();

  constructor(config: Config, { executable }: LocalXray, identity: NodeIdentity, secrets: SecretStore) {
    this.add('marzban_node', new MarzbanNodeAdapter({ identity, ...config.nodes }));
    this.add('xray_grpc', new XrayGrpcAdapter({ identity, secrets }));
    if (!executable) return;
    this.add('local', new LocalAdapter(config.dataDir, { executable, assetsPath: config.xray.assetsPath }));
  }

  /** The kinds of nodes this replica may take. */
  get kinds(): NodeKind[] {
    return [...this.adapters.keys()];
  }

  /** The core of this machine, where there is an Xray. */
  get local(): LocalAdapter | undefined {
    return this.adapters.get('local') as LocalAdapter | undefined;
  }

  add(kind: NodeKind, adapter: NodeAdapter): void {
    this.adapters.set(kind, adapter);
  }

  /** The way to a node of this kind; undefined when there is none here. */
  of(kind: NodeKind): NodeAdapter | undefined {
    return this.adapters.get(kind);
  }
}
