import { createHash } from 'node:crypto';
import type { Config } from '../../config/config.js';
import {
  configHash,
  type CoreConfigJson,
  parseStrictConfig,
  type ResolvedInbound,
  resolveInbounds,
  toStrictJson,
} from '../../xray/config/index.js';
import { readCertificate } from './certificate-files.js';

/** A core config with what the panel makes of it. Never changed once made. */
export interface CoreConfig {
  /** JSON as it was sent, without blanks. */
  source: string;
  config: CoreConfigJson;
  /** Names the config without users: 64 hexadecimal digits. Nodes that run an equal one need no restart. */
  hash: string;
  /** The inbounds whose users the panel manages, in the order of the config. */
  inbounds: readonly ResolvedInbound[];
  byTag: ReadonlyMap<string, ResolvedInbound>;
  /** Names what clients are told of the certificates: a text that is another one when that is. */
  certificates: string;
}

type ReadCertificate = (path: string) => string;

/**
 * Reads a config that was sent to us.
 * @throws InvalidCoreConfig also when a certificate of it cannot be read
 */
export function readCoreConfig(
  settings: Config['xray'],
  text: string,
  certificates: ReadCertificate = readCertificate,
): CoreConfig {
  const source = toStrictJson(text);
  const config = parseStrictConfig(source);
  return { source, config, ...resolveCoreConfig(settings, config, certificates) };
}

/** What settings and certificates make of a config. */
export function resolveCoreConfig(
  { excludeInboundTags, fallbacksInboundTag }: Config['xray'],
  config: CoreConfigJson,
  readCertificate: ReadCertificate,
): Pick<CoreConfig, 'hash' | 'inbounds' | 'byTag' | 'certificates'> {
  const inbounds = resolveInbounds(config, {
    excludeTags: excludeInboundTags,
    fallbacksTag: fallbacksInboundTag,
    readCertificate,
  });
  const told = JSON.stringify(inbounds.map(({ sni, selfSigned }) => [sni, selfSigned]));
  return {
    hash: configHash(config, inbounds),
    inbounds,
    byTag: new Map(inbounds.map((inbound) => [inbound.tag, inbound])),
    certificates: createHash('sha256').update(told).digest('base64url'),
  };
}
