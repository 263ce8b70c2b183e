import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { LocalXray } from '../../../xray/local-xray.js';
import type { NodeKind } from '../node.js';
import type { CoreConnection } from './core-connection.js';
import { LocalCore } from './local/local-core.js';

/** Makes a connection to the node with this id. */
export type ConnectionMaker = (nodeId: number) => CoreConnection;

/** What this replica can work with: a maker of connections for each kind of node. */
@Injectable()
export class Connections {
  private readonly makers = new Map<NodeKind, ConnectionMaker>();

  constructor(config: Config, { executable }: LocalXray) {
    if (!executable) return;
    const folder = { path: join(config.dataDir, 'xray'), executable, assetsPath: config.xray.assetsPath };
    this.makers.set('local', () => new LocalCore(folder));
  }

  /** The kinds of nodes this replica may take. */
  get kinds(): NodeKind[] {
    return [...this.makers.keys()];
  }

  add(kind: NodeKind, maker: ConnectionMaker): void {
    this.makers.set(kind, maker);
  }

  make({ kind, nodeId }: { kind: NodeKind; nodeId: number }): CoreConnection {
    const maker = this.makers.get(kind);
    if (!maker) throw new Error(`There is no way to connect to a node of kind ${kind} here`);
    return maker(nodeId);
  }
}
