import type { ResolvedInbound } from '../xray/config/index.js';
import type { Host } from './types.js';

/**
 * The hashes of the certificates that a client shall take whoever signed them, with commas: those the operator wrote
 * down, or for a host with `allowinsecure` those that nobody would trust otherwise. Not one that does not name the
 * server asked for, for then somebody else answers, such as a CDN with a certificate of its own.
 */
export function certificatePins(
  { pinned, selfSigned = [] }: ResolvedInbound,
  { allowInsecure }: Pick<Host, 'allowInsecure'>,
  sni: string,
): string {
  if (pinned) return pinned.join();
  if (!allowInsecure) return '';
  const fitting = selfSigned.filter(({ names }) => sni === '' || names.some((name) => covers(name, sni)));
  return fitting.map(({ sha256 }) => sha256).join();
}

/** Whether the name in a certificate, maybe one with `*` as its first label, is for this server. */
function covers(name: string, server: string): boolean {
  const [wanted, asked] = [name.toLowerCase(), server.toLowerCase().replace(/\.$/, '')];
  return wanted === asked || (wanted.startsWith('*.') && wanted.slice(1) === asked.replace(/^[^.]+/, ''));
}
