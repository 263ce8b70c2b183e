import { type CertificateFacts, certificateFacts } from './certificates.js';
import { echConfigList } from './ech.js';
import { InvalidCoreConfig } from './errors.js';
import { isObject, object, text, texts } from './json.js';
import { mldsa65VerifyKey } from './mldsa65.js';
import type { CoreConfigJson, JsonObject, JsonValue, ResolvedInbound } from './types.js';
import { isX25519Key, x25519PublicKey } from './x25519.js';

type Security = Pick<
  ResolvedInbound,
  | ('tls' | 'sni' | 'selfSigned' | 'pinned' | 'verifyNames' | 'ech' | 'alpn')
  | ('fp' | 'pbk' | 'sids' | 'spx' | 'pqv' | 'minClientVer')
>;

/** Reads a certificate file of this machine as text; an empty text means that its names stay unknown. */
export type ReadCertificate = (path: string) => string;

/** The server does not look at it; a client with anything else refuses its config, or breaks down. */
const SPIDER_PATH = /^\/(?:[^%\p{Cc}]|%[\da-f]{2})*$/iu;

export const NO_SECURITY: Security = { tls: 'none', sni: [] };

/**
 * What a client must know of an inbound's TLS or REALITY. `stream` holds the security, `tag` is whose it becomes
 * (an inbound behind a fallback borrows another one's).
 * Source: Marzban `app/xray/config.py`; here the public key is computed and not read off the core's output.
 * @throws InvalidCoreConfig
 */
export function resolveSecurity(tag: string, stream: JsonObject, readCertificate: ReadCertificate): Security {
  switch (text(stream.security).toLowerCase()) {
    case 'tls': {
      const settings = object(stream.tlsSettings);
      return tls(settings, certificatesOf(tag, settings, readCertificate));
    }
    case 'reality':
      return reality(tag, object(stream.realitySettings));
    default:
      return NO_SECURITY;
  }
}

function tls(settings: JsonObject, certificates: CertificateFacts[]): Security {
  const selfSigned = certificates
    .filter(({ isSelfSigned }) => isSelfSigned)
    .map(({ sha256, names, commonName }) => ({
      sha256,
      names: names.length > 0 || commonName === undefined ? names : [commonName],
    }));
  const verifyNames = members(settings.verifyPeerCertByName);
  const pinned = members(settings.pinnedPeerCertSha256);
  const ech = text(settings.echConfigList) || echConfigList(text(settings.echServerKeys));
  const alpn = texts(settings.alpn).flatMap(members);
  return {
    tls: 'tls',
    sni: certificates.flatMap(({ names }) => names),
    ...(selfSigned.length > 0 && { selfSigned }),
    ...(pinned.length > 0 && { pinned }),
    ...(verifyNames.length > 0 && { verifyNames }),
    ...(ech && { ech }),
    ...(alpn.length > 0 && { alpn }),
  };
}

/** Members of a text with commas between them. */
function members(list: JsonValue | undefined): string[] {
  return text(list)
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

function certificatesOf(
  tag: string,
  settings: JsonObject,
  readCertificate: ReadCertificate,
): CertificateFacts[] {
  if (!Array.isArray(settings.certificates)) return [];
  return settings.certificates.filter(isObject).flatMap((certificate) => {
    const path = text(certificate.certificateFile);
    const inline = texts(certificate.certificate).join('\n');
    return [...(path ? [readFile(tag, path, readCertificate)] : []), inline]
      .filter((pem) => pem !== '')
      .map((pem) => readFacts(tag, pem));
  });
}

/** The certificate files that the inbounds name. */
export function certificatePaths(config: CoreConfigJson): string[] {
  const paths = config.inbounds
    .flatMap(({ streamSettings }) => object(object(streamSettings).tlsSettings).certificates ?? [])
    .map((certificate) => text(object(certificate).certificateFile));
  return [...new Set(paths)].filter((path) => path !== '');
}

function readFile(tag: string, path: string, readCertificate: ReadCertificate): string {
  try {
    return readCertificate(path);
  } catch (error) {
    throw new InvalidCoreConfig(`Unable to read certificate file ${path} of ${tag}`, { cause: error });
  }
}

function readFacts(tag: string, pem: string): CertificateFacts {
  try {
    return certificateFacts(pem);
  } catch (error) {
    throw new InvalidCoreConfig(`Unable to load a certificate of ${tag}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function reality(tag: string, settings: JsonObject): Security {
  const pbk = publicKey(tag, settings);
  const sids = texts(settings.shortIds);
  // An empty short id is one too, so the list alone is not enough to tell.
  if (sids.length === 0) {
    throw new InvalidCoreConfig(`You need to define at least one shortID in realitySettings of ${tag}`);
  }
  // Clients that know no such key do without.
  const pqv = mldsa65VerifyKey(text(settings.mldsa65Seed)) ?? text(settings.mldsa65Verify);
  const minClientVer = text(settings.minClientVer);
  return {
    tls: 'reality',
    fp: text(settings.fingerprint).toLowerCase() || 'chrome',
    sni: texts(settings.serverNames),
    pbk,
    sids,
    spx: SPIDER_PATH.test(text(settings.spiderX)) ? text(settings.spiderX) : null,
    ...(pqv && { pqv }),
    ...(minClientVer && { minClientVer }),
  };
}

/**
 * `publicKey`, what newer cores call `password`, or else the one computed. The core reads neither of the first two, so
 * nobody would notice that it is no key until applications refuse all of a user's entries for it.
 */
function publicKey(tag: string, settings: JsonObject): string {
  const { publicKey: named = settings.password } = settings;
  const privateKey = text(settings.privateKey);
  const key = isX25519Key(text(named)) ? text(named) : x25519PublicKey(privateKey);
  if (key !== undefined) return key;
  if (named !== undefined) return text(named); // the core refuses this one
  if (!privateKey) throw new InvalidCoreConfig(`You need to provide privateKey in realitySettings of ${tag}`);
  throw new InvalidCoreConfig(`privateKey in realitySettings of ${tag} is not valid`);
}
