export { dryRun } from './dry-run.js';
export type { XrayExecutable } from './executable.js';
export type { LogFile } from './log-file.js';
export { processIdentity } from './process-identity.js';
export { type XrayFolder, XrayProcess, XrayStartFailed } from './xray-process.js';
