import type { XrayExecutable } from './process/executable.js';

/** The Xray of this machine, if one was found when the process started. */
export class LocalXray {
  constructor(readonly executable: XrayExecutable | undefined) {}
}
