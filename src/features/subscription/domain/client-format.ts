/** What a client application can ask for by name. */
export const CLIENT_TYPES = ['sing-box', 'clash-meta', 'clash', 'outline', 'v2ray', 'v2ray-json'] as const;
export type ClientType = (typeof CLIENT_TYPES)[number];

/** Which client applications get whole Xray configs for share links. */
export interface CustomJson {
  v2rayN: boolean;
  v2rayNG: boolean;
  streisand: boolean;
  happ: boolean;
}

export interface ClientFormat {
  type: ClientType;
  /** The entries from last to first. */
  reversed?: true;
}

/** The first that matches decides. */
const BY_NAME: [RegExp, ClientType][] = [
  [/^([Cc]lash-verge|[Cc]lash[-.]?[Mm]eta|[Ff][Ll][Cc]lash|[Mm]ihomo)/, 'clash-meta'],
  [/^([Cc]lash|[Ss]tash)/, 'clash'],
  [/^(SFA|SFI|SFM|SFT|[Kk]aring|[Hh]iddify[Nn]ext)/, 'sing-box'],
  [/^(SS|SSR|SSD|SSS|Outline|Shadowsocks|SSconf)/, 'outline'],
];

/**
 * The format for a client application by its user agent; share links for one that nobody knows.
 * Source: Marzban `app/routers/subscription.py`, whose patterns and order operators rely on.
 */
export function formatFor(userAgent: string, customJson: CustomJson): ClientFormat {
  const named = BY_NAME.find(([pattern]) => pattern.test(userAgent));
  if (named) return { type: named[1] };
  const json: ClientFormat = { type: 'v2ray-json' };
  const version = (pattern: RegExp) => pattern.exec(userAgent)?.[1];

  const v2rayN = version(/^v2rayN\/(\d+\.\d+)/);
  if (v2rayN && customJson.v2rayN && isAtLeast(v2rayN, '6.40')) return json;
  const v2rayNG = version(/^v2rayNG\/(\d+\.\d+\.\d+)/);
  if (v2rayNG && customJson.v2rayNG && isAtLeast(v2rayNG, '1.8.29')) return json;
  // It showed the list upside down.
  if (v2rayNG && customJson.v2rayNG && isAtLeast(v2rayNG, '1.8.18')) return { ...json, reversed: true };
  if (/^[Ss]treisand/.test(userAgent) && customJson.streisand) return json;
  const happ = version(/^Happ\/(\d+\.\d+\.\d+)/);
  if (happ && customJson.happ && isAtLeast(happ, '1.63.1')) return json;
  return { type: 'v2ray' };
}

/**
 * Whether the application is known to have a sing-box before 1.12: by the version that its user agent states, or
 * because it is the one that was replaced before.
 */
export function hasOldSingBox(userAgent: string): boolean {
  const [, stated] = /(?:sing-box[ /]|^SF[AIMT]\/)(\d+\.\d+)/.exec(userAgent) ?? [];
  return stated === undefined ? /^[Hh]iddify[Nn]ext/.test(userAgent) : !isAtLeast(stated, '1.12');
}

/** Compares versions of the same length number by number. */
function isAtLeast(version: string, least: string): boolean {
  const numbers = version.split('.').map(Number);
  const differing = least.split('.').map((part, i) => numbers[i]! - Number(part));
  return (differing.find((difference) => difference !== 0) ?? 0) >= 0;
}
