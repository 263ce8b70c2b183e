import { join } from 'node:path';
import { type XrayFolder, XrayProcess } from '../../../../xray/process/index.js';
import type { NodeReach } from '../../node.js';
import { LOG_BACKLOG, type NodeAdapter } from '../node-adapter.js';
import { dataDirId } from './data-dir-id.js';
import { LocalCore } from './local-core.js';

/** The one core of this machine that belongs to a data folder. */
export class LocalAdapter implements NodeAdapter {
  private readonly folder: XrayFolder;

  constructor(
    private readonly dataDir: string,
    xray: Omit<XrayFolder, 'path'>,
  ) {
    this.folder = { ...xray, path: join(dataDir, 'xray') };
  }

  /** Whose core it is. @throws StartupError */
  dataDirId(): Promise<string> {
    return dataDirId(this.dataDir);
  }

  connect(): LocalCore {
    return new LocalCore(this.folder);
  }

  logs(_reach: NodeReach, signal: AbortSignal): AsyncIterable<string[]> {
    return XrayProcess.logOf(this.folder.path).follow(signal, LOG_BACKLOG);
  }
}
