import type { Account, ResolvedInbound } from '../../../xray/config/types.js';

/** What should be true of a core that is not started from here. */
export interface DesiredForeignCore {
  enabled: boolean;
  /** One more for each restart or reconnection that an operator asked for. */
  restartGeneration: bigint;
  configVersion: bigint;
}

/** What the owner of the node did last. */
export interface AppliedForeignCore {
  restartGeneration: bigint;
  /** The config by which it was attached to; undefined while it is not. */
  matchedTo: bigint | undefined;
}

/** `attach` looks anew at what runs; `reconnect` does so over a new connection; `withdraw` takes everybody off it. */
export type ForeignStep = 'nothing' | 'attach' | 'reconnect' | 'withdraw';

/** The step that brings a foreign core to what is desired, as far as that can be done without starting one. */
export function planForeignCore(desired: DesiredForeignCore, applied: AppliedForeignCore): ForeignStep {
  if (!desired.enabled) return 'withdraw';
  if (desired.restartGeneration !== applied.restartGeneration) return 'reconnect';
  return desired.configVersion === applied.matchedTo ? 'nothing' : 'attach';
}

/** What stands behind a tag of a running core, as far as accounts go. */
export interface PresentInbound {
  type: string;
  takes: Account['type'] | undefined;
  method: string | null;
}

/** How the inbounds of a config and those of a running core go together. */
export interface InboundMatch {
  /** Those whose accounts the core takes. */
  fitting: ResolvedInbound[];
  /** Those that the core does not have. */
  missing: string[];
  /** Those that are something else there: an account of another type would kill the core. */
  different: { tag: string; wanted: string; found: string }[];
}

export function matchInbounds(
  wanted: readonly ResolvedInbound[],
  present: ReadonlyMap<string, PresentInbound>,
): InboundMatch {
  const match: InboundMatch = { fitting: [], missing: [], different: [] };
  for (const inbound of wanted) {
    const found = present.get(inbound.tag);
    if (!found) match.missing.push(inbound.tag);
    else if (takesAccountsOf(found, inbound)) match.fitting.push(inbound);
    else match.different.push({ tag: inbound.tag, wanted: nameOf(inbound), found: nameOfPresent(found) });
  }
  return match;
}

/** The type of the accounts that an inbound of the config takes. */
export function accountTypeOf({ protocol, shadowsocksMethod }: ResolvedInbound): Account['type'] {
  return protocol === 'shadowsocks' && is2022(shadowsocksMethod) ? 'shadowsocks_2022' : protocol;
}

export function takesAccountsOf(present: PresentInbound, inbound: ResolvedInbound): boolean {
  const type = accountTypeOf(inbound);
  // Keys of shadowsocks 2022 are as long as the method wants them.
  return (
    present.takes === type && (type !== 'shadowsocks_2022' || present.method === inbound.shadowsocksMethod)
  );
}

function is2022(method: string | null): boolean {
  return method?.startsWith('2022-') ?? false;
}

function nameOf(inbound: ResolvedInbound): string {
  const { protocol, shadowsocksMethod: method } = inbound;
  return is2022(method) ? `${protocol} with ${method}` : protocol;
}

function nameOfPresent({ type, takes, method }: PresentInbound): string {
  if (takes === 'shadowsocks_2022') return `shadowsocks with ${method}`;
  if (takes) return takes;
  const known = /^xray\.proxy\.([^.]+)/.exec(type)?.[1];
  return known === 'shadowsocks_2022' ? 'shadowsocks 2022 for a single user' : (known ?? 'something unknown');
}

/** How an operator brings the wanted config to a core that is not started from here. */
const INSTALL = 'put the answer of GET /api/core/config/elsewhere in place there, and restart that Xray';

/** Its outbounds tell which process it is, so nothing can be done with a core that shows none. */
export const COUNTS_NO_OUTBOUNDS =
  'Xray there does not count its outbounds; its policy needs system.statsOutboundUplink and statsOutboundDownlink, as in GET /api/core/config/elsewhere';

/**
 * What keeps a foreign core from being as it should, and what is to be done; null when nothing does. `running` is the
 * version of the config that it runs, undefined when it shows none that is known.
 */
export function foreignTrouble(
  wanted: bigint,
  running: bigint | undefined,
  { missing, different, fitting }: InboundMatch,
): string | null {
  const inbounds = [
    ...(missing.length > 0 ? [`it has no inbound ${missing.join(', ')}`] : []),
    ...different.map(({ tag, wanted: is, found }) => `its inbound ${tag} is ${found}, not ${is}`),
  ];
  const isOld = running !== wanted;
  if (!isOld && inbounds.length === 0) return null;
  const found = [
    ...(isOld
      ? [
          running === undefined
            ? `Xray there does not show that it runs core config v${wanted}`
            : `Xray there runs core config v${running}, v${wanted} is wanted`,
        ]
      : []),
    ...inbounds,
  ].join('; ');
  const meanwhile =
    fitting.length > 0
      ? `Meanwhile users are kept on ${fitting.map(({ tag }) => tag).join(', ')}`
      : 'Meanwhile it has no users';
  return `${found}: ${INSTALL}. ${meanwhile}`;
}
