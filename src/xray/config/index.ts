export { accountFor, accountsOf, credentialOf, flowOn } from './accounts.js';
export {
  buildCoreConfig,
  type CoreConfigParts,
  CoreConfigText,
  type ClientList,
  type CorePlace,
  TRIAL_USER,
} from './build.js';
export { type Claim, claimTag, type Markers, readMarkers } from './claims.js';
export {
  DEFAULT_PORTS,
  DEFAULT_REALITY_TARGET,
  defaultCoreConfig,
  type DefaultPorts,
} from './default-config.js';
export { InvalidCoreConfig } from './errors.js';
export { configHash, configMark, markerTag } from './hash.js';
export { parseJson, writeJson } from './json.js';
export { resolveInbounds, type ResolveOptions, unmanagedInbounds } from './resolve.js';
export { certificatePaths } from './security.js';
export { shadowsocks2022Key } from './shadowsocks-2022.js';
export { toStrictJson } from './strict-json.js';
export { transportName } from './transport.js';
export * from './types.js';
export {
  API_TAG,
  MARKER_PREFIX,
  parseCoreConfig,
  parseStrictConfig,
  validateCoreConfig,
} from './validate.js';
