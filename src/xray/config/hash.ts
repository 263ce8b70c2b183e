import { createHash } from 'node:crypto';
import { isObject, writeJson } from './json.js';
import type { CoreConfigJson, JsonValue, ResolvedInbound } from './types.js';
import { MARKER_PREFIX } from './validate.js';

/** One more whenever this program builds another config from the same source: running cores are then restarted. */
const BUILDER = 1;

/**
 * Names a core config without its users: 64 hexadecimal digits. Equal for configs that differ only in comments,
 * blanks or the order of keys; different when the panel manages other inbounds of it.
 */
export function configHash(config: CoreConfigJson, inbounds: readonly ResolvedInbound[]): string {
  const managed = inbounds.map((inbound) => inbound.tag);
  return createHash('sha256')
    .update(`[${BUILDER},${JSON.stringify(managed)},${canonical(config)}]`)
    .digest('hex');
}

/** What a running core shows of its config: the first 16 hexadecimal digits of the hash. */
export function configMark(hash: string): string {
  return hash.slice(0, 16);
}

/**
 * The tag of an outbound by which a running core tells its config and, by a nonce, which of all starts it comes from. Those
 * that the version before started have none.
 */
export function markerTag(hash: string, nonce?: string): string {
  return `${MARKER_PREFIX}${configMark(hash)}${nonce === undefined ? '' : `_${nonce}`}`;
}

/**
 * JSON of `value` that does not depend on the order of keys. Pairs instead of an object: JavaScript would move keys that
 * look like numbers. Written at once, as a tree of pairs would cost several times the config.
 */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) {
    return value.every(isPlain) ? JSON.stringify(value) : `[${value.map(canonical).join(',')}]`;
  }
  if (typeof value === 'bigint') return value.toString();
  if (!isObject(value)) return writeJson(value);
  let pairs = '';
  for (const key of Object.keys(value).sort()) {
    pairs += `,[${JSON.stringify(key)},${canonical(value[key] ?? null)}]`;
  }
  return `[${pairs.slice(1)}]`;
}

function isPlain(value: JsonValue): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
