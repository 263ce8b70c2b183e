import type { JsonValue, ResolvedInbound } from '../xray/config/index.js';
import type { Entry } from './entry.js';
import { parts } from './part.js';

/** The browsers that every core can imitate; an unknown one would make some refuse all entries. */
const BROWSERS = [
  'chrome',
  'firefox',
  'safari',
  'ios',
  'android',
  'edge',
  '360',
  'qq',
  'random',
  'randomized',
];
/** The version of Xray that other cores call themselves in REALITY. */
const OTHER_CORES_VERSION = [1, 8, 1];

/** Whether only Xray has what the entry needs, whatever its protocol. */
export function needsXray({ inbound, dial, transport, security, sni, alpn }: Entry): boolean {
  if (isMasked(inbound)) return true;
  if (transport === 'xhttp' && security === 'tls' && alpn.join() === 'h3') return true; // over QUIC
  if (security === 'reality') return isNewer(inbound.minClientVer ?? '', OTHER_CORES_VERSION);
  const { verifyNames } = inbound;
  return security === 'tls' && !dial.allowInsecure && verifyNames !== undefined && !verifyNames.includes(sni);
}

/** Whether the stream differs from a plain one; a server that cuts its packets is understood by everyone. */
export function isMasked({ finalmask }: ResolvedInbound): boolean {
  return parts(finalmask ?? {}, 'tcp').some(({ type }) => !isFragment(type));
}

function isFragment(type: JsonValue | undefined): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'fragment';
}

/** The browser to imitate as cores other than Xray know it. */
export function knownBrowser(fingerprint: string): string {
  return fingerprint === '' || BROWSERS.includes(fingerprint) ? fingerprint : 'chrome';
}

/** The configs for an encrypted hello, in base64, unless they have to be asked for, which each core does its own way. */
export function echConfigs({ ech }: ResolvedInbound): string | undefined {
  return ech?.includes('://') ? undefined : ech;
}

function isNewer(version: string, than: readonly number[]): boolean {
  const numbers = version.split('.').map(Number);
  const differing = than.findIndex((number, i) => (numbers[i] ?? 0) !== number);
  return differing >= 0 && (numbers[differing] ?? 0) > than[differing]!;
}
