import { groupBy } from '../../../shared/domain/group-by.js';
import type { HostSettings, PlacedHost, StoredHost } from '../host.js';

export interface HostChanges {
  remove: number[];
  update: StoredHost[];
  insert: PlacedHost[];
}

/**
 * The writes that give one inbound the hosts `wanted`, in that order. A host whose settings occur again keeps its id
 * wherever it moves; of the rest, each takes the id of the next old host that is left.
 */
export function planHosts(
  tag: string,
  old: readonly StoredHost[],
  wanted: readonly HostSettings[],
): HostChanges {
  const byContent = groupBy(old, content);
  const kept = wanted.map((settings) => byContent.get(content(settings))?.shift());
  const free = [...byContent.values()].flat().sort((a, b) => a.position - b.position);
  const changes: HostChanges = { remove: [], update: [], insert: [] };
  wanted.forEach((settings, position) => {
    const host: PlacedHost = { ...settings, inboundTag: tag, position };
    const same = kept[position];
    if (same?.position === position) return;
    const reused = same ?? free.shift();
    if (reused) changes.update.push({ ...host, id: reused.id });
    else changes.insert.push(host);
  });
  changes.remove = free.map(({ id }) => id);
  return changes;
}

function content(host: HostSettings): string {
  return JSON.stringify([
    host.remark,
    host.address,
    host.port,
    host.sni,
    host.host,
    host.path,
    host.security,
    host.alpn,
    host.fingerprint,
    host.allowInsecure,
    host.isDisabled,
    host.muxEnable,
    host.fragmentSetting,
    host.noiseSetting,
    host.randomUserAgent,
    host.useSniAsHost,
  ]);
}
