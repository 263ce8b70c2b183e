export { Counter, type Traffic, TrafficByName } from './counters.js';
export { CoreError, type CoreErrorCode } from './errors.js';
export type { InboundServer } from './inbounds.js';
export { type SysStats, XrayClient } from './xray-client.js';
