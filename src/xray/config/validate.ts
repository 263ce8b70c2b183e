import { InvalidCoreConfig } from './errors.js';
import { isObject, parseJson } from './json.js';
import { canonicalSpelling } from './spelling.js';
import { toStrictJson } from './strict-json.js';
import type { CoreConfigJson, JsonObject, JsonValue } from './types.js';

export const API_TAG = 'API';
export const API_INBOUND_TAG = 'API_INBOUND';
/** The tags of outbounds that only tell which config a core runs. Their traffic is nobody's. */
export const MARKER_PREFIX = 'PANEL_CFG_';

const MAX_TAG_LENGTH = 256;

/**
 * The config in `text`, which may have comments and trailing commas, in the spelling of Xray's documentation.
 * @throws InvalidCoreConfig when it is no JSON or breaks a rule of {@link validateCoreConfig}
 */
export function parseCoreConfig(text: string): CoreConfigJson {
  return parseStrictConfig(toStrictJson(text));
}

/** The same of what `toStrictJson` made: it can have megabytes, so once is enough. */
export function parseStrictConfig(text: string): CoreConfigJson {
  return validateCoreConfig(canonicalSpelling(parse(text)));
}

/**
 * Checks what the panel itself relies on; the rest is Xray's to judge. The first failure wins.
 * Source: Marzban `app/xray/config.py` (its order and texts, also for tags that are only said to be unique there).
 * What crashed there, and names the panel uses itself, are refused here too.
 */
export function validateCoreConfig(value: JsonValue): CoreConfigJson {
  if (!isObject(value)) throw new InvalidCoreConfig('config must be an object');
  if (isEmpty(value.inbounds)) throw new InvalidCoreConfig("config doesn't have inbounds");
  if (isEmpty(value.outbounds)) throw new InvalidCoreConfig("config doesn't have outbounds");
  checkInbounds(objects(value.inbounds, 'inbounds'));
  checkOutbounds(objects(value.outbounds, 'outbounds'));
  return value as CoreConfigJson;
}

function checkInbounds(inbounds: JsonObject[]): void {
  const seen = new Set<string>();
  for (const { tag, protocol } of inbounds) {
    if (!isText(tag)) throw new InvalidCoreConfig('all inbounds must have a unique tag');
    if (tag.includes(',')) throw new InvalidCoreConfig('character «,» is not allowed in inbound tag');
    if (tag === API_INBOUND_TAG) throw new InvalidCoreConfig(`inbound tag ${tag} is reserved`);
    checkTag('inbound', tag, seen);
    if (!isText(protocol)) throw new InvalidCoreConfig(`inbound ${tag} doesn't have a protocol`);
  }
}

function checkOutbounds(outbounds: JsonObject[]): void {
  const seen = new Set<string>();
  for (const { tag } of outbounds) {
    if (!isText(tag)) throw new InvalidCoreConfig('all outbounds must have a unique tag');
    if (tag === API_TAG || tag.startsWith(MARKER_PREFIX)) {
      throw new InvalidCoreConfig(`outbound tag ${tag} is reserved`);
    }
    checkTag('outbound', tag, seen);
  }
}

function checkTag(kind: 'inbound' | 'outbound', tag: string, seen: Set<string>): void {
  if (seen.has(tag)) throw new InvalidCoreConfig(`${kind} tag ${tag} is not unique`);
  seen.add(tag);
  if (tag.length > MAX_TAG_LENGTH) {
    throw new InvalidCoreConfig(
      `${kind} tag ${tag.slice(0, 20)}… is longer than ${MAX_TAG_LENGTH} characters`,
    );
  }
  if (/[\0\p{Surrogate}]/u.test(tag)) {
    throw new InvalidCoreConfig(`${kind} tag ${JSON.stringify(tag)} is not valid text`);
  }
}

function objects(value: JsonValue | undefined, key: string): JsonObject[] {
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new InvalidCoreConfig(`${key} must be a list of objects`);
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== '';
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (isObject(value)) return Object.keys(value).length === 0;
  return Array.isArray(value) ? value.length === 0 : !value;
}

function parse(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw new InvalidCoreConfig(`config is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}
