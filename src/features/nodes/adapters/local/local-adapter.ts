import { type XrayFolder, XrayProcess } from '../../../../xray/process/index.js';
import type { NodeReach } from '../../node.js';
import { LOG_BACKLOG, type NodeAdapter } from '../node-adapter.js';
import { LocalCore } from './local-core.js';

/** The one core of this machine: wherever its node is, the folder is here. */
export class LocalAdapter implements NodeAdapter {
  constructor(private readonly folder: XrayFolder) {}

  connect(): LocalCore {
    return new LocalCore(this.folder);
  }

  logs(_reach: NodeReach, signal: AbortSignal): AsyncIterable<string[]> {
    return XrayProcess.logOf(this.folder.path).follow(signal, LOG_BACKLOG);
  }
}
