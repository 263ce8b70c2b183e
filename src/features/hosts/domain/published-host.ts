import type { Host } from '../../../client-configs/index.js';
import type { HostSettings } from '../host.js';

/** A host as client configs use it: lists instead of comma-separated text, and what is empty inherits. */
export function toPublishedHost(host: HostSettings): Host {
  const { isDisabled: _, ...settings } = host;
  return {
    ...settings,
    address: members(host.address),
    sni: members(host.sni),
    host: members(host.host),
    path: host.path || null,
  };
}

function members(list: string | null): string[] {
  return (list ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}
