import type { JsonObject, ResolvedInbound } from '../xray/config/index.js';
import { part } from './part.js';

type Xhttp = NonNullable<ResolvedInbound['xhttp']>;

/**
 * What a client must know of an XHTTP inbound beside host, path and mode. Like the core, an `extra` of the inbound
 * stands for all the other settings.
 */
export function xhttpExtra(xhttp: Xhttp): JsonObject {
  if (xhttp.extra) return inBothNames(xhttp.extra);
  const keepAlive = xhttp.keepAlivePeriod > 0 ? { hKeepAlivePeriod: xhttp.keepAlivePeriod } : {};
  const xmux = { ...keepAlive, ...xhttp.xmux };
  return inBothNames({
    scMaxEachPostBytes: xhttp.scMaxEachPostBytes,
    scMinPostsIntervalMs: xhttp.scMinPostsIntervalMs,
    xPaddingBytes: xhttp.xPaddingBytes,
    noGRPCHeader: xhttp.noGRPCHeader,
    ...xhttp.shared,
    ...(Object.keys(xmux).length > 0 && { xmux }),
  });
}

/** What cores before and after 26.4 call the same. */
const RENAMED = { sessionPlacement: 'sessionIDPlacement', sessionKey: 'sessionIDKey' };

/** The settings for either version of a client's core, whichever the server's has. */
function inBothNames(settings: JsonObject): JsonObject {
  const twins = Object.entries(RENAMED).flatMap(([older, newer]) => {
    const value = settings[older] ?? settings[newer];
    return value === undefined ? [] : [[older, value] as const, [newer, value] as const];
  });
  return twins.length > 0 ? { ...settings, ...Object.fromEntries(twins) } : settings;
}

/** Xray's names of what mihomo has as well. */
const MIHOMO_NAMES: Record<string, string> = {
  headers: 'headers',
  noGRPCHeader: 'no-grpc-header',
  xPaddingBytes: 'x-padding-bytes',
  xPaddingObfsMode: 'x-padding-obfs-mode',
  xPaddingKey: 'x-padding-key',
  xPaddingHeader: 'x-padding-header',
  xPaddingPlacement: 'x-padding-placement',
  xPaddingMethod: 'x-padding-method',
  uplinkHTTPMethod: 'uplink-http-method',
  sessionIDPlacement: 'session-placement',
  sessionIDKey: 'session-key',
  sessionIDTable: 'session-table',
  sessionIDLength: 'session-length',
  seqPlacement: 'seq-placement',
  seqKey: 'seq-key',
  uplinkDataPlacement: 'uplink-data-placement',
  uplinkDataKey: 'uplink-data-key',
  uplinkChunkSize: 'uplink-chunk-size',
  scMinPostsIntervalMs: 'sc-min-posts-interval-ms',
  maxConnections: 'max-connections',
  maxConcurrency: 'max-concurrency',
  cMaxReuseTimes: 'c-max-reuse-times',
  hMaxRequestTimes: 'h-max-request-times',
  hMaxReusableSecs: 'h-max-reusable-secs',
  hKeepAlivePeriod: 'h-keep-alive-period',
};

/** The `xhttp-opts` of mihomo: Xray's settings under other names. The server does not look at the query of its path. */
export function mihomoXhttp(xhttp: Xhttp, path: string, host: string): JsonObject {
  const { xmux, scMaxEachPostBytes, ...extra } = xhttpExtra(xhttp);
  // Not a range here: the least that is allowed.
  const postBytes = Number.parseInt(String(scMaxEachPostBytes), 10);
  const reuse = renamed(part({ xmux }, 'xmux'));
  return {
    ...(path && { path: path.replace(/\?.*$/s, '') }),
    ...(host && { host }),
    mode: xhttp.mode,
    ...renamed(extra),
    ...(postBytes > 0 && { 'sc-max-each-post-bytes': postBytes }),
    ...(Object.keys(reuse).length > 0 && { 'reuse-settings': reuse }),
  };
}

function renamed(settings: JsonObject): JsonObject {
  const known = Object.entries(settings).filter(([key]) => Object.hasOwn(MIHOMO_NAMES, key));
  return Object.fromEntries(known.map(([key, value]) => [MIHOMO_NAMES[key]!, value]));
}
