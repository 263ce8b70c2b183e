import type { Account } from '../../../xray/config/types.js';

/** What should run on a node. */
export interface DesiredCore {
  enabled: boolean;
  /** One more for each restart an operator asked for. */
  restartGeneration: bigint;
  configVersion: bigint;
  /** By which a core with this config is known, see `configMark`. */
  configMark: string;
}

/** What the owner of a node did last. */
export interface AppliedCore {
  restartGeneration: bigint;
  /** The version that was last tried. Another last good one means that the core refused it. */
  configVersion: bigint | null;
  lastGoodVersion: bigint | null;
  /** Whether a config that was refused has been left alone for long enough. */
  isRetryDue: boolean;
  /** Of the config that was started last. */
  configMark: string | undefined;
}

export type ObservedCore =
  | {
      running: false;
      /** A core runs, but does not let this replica in, and so can neither be changed nor counted. */
      shutOut?: boolean;
    }
  | { running: true; configMark: string | undefined };

export type CoreStep =
  { do: 'nothing' } | { do: 'stop' } | { do: 'restart'; reason: RestartReason; configVersion: bigint };

export type RestartReason = 'not_running' | 'shut_out' | 'operator' | 'config' | 'retry';

/**
 * The step that brings a core to what is desired. A restart cuts off everyone connected, so only a core that does
 * not run, an operator, or another config is reason for one. A config that the core refused is tried again after a
 * while, for the reason may be gone, such as a port in use; the last good one runs meanwhile.
 */
export function planCore(desired: DesiredCore, applied: AppliedCore, observed: ObservedCore): CoreStep {
  const runs = observed.running || observed.shutOut === true;
  if (!desired.enabled) return runs ? { do: 'stop' } : { do: 'nothing' };
  if (desired.restartGeneration !== applied.restartGeneration && observed.running) {
    return { do: 'restart', reason: 'operator', configVersion: desired.configVersion };
  }
  const refused =
    applied.configVersion === desired.configVersion &&
    applied.lastGoodVersion !== null &&
    applied.lastGoodVersion !== desired.configVersion &&
    desired.restartGeneration === applied.restartGeneration;
  const waits = refused && !applied.isRetryDue;
  const configVersion =
    waits && applied.lastGoodVersion !== null ? applied.lastGoodVersion : desired.configVersion;
  if (!observed.running) {
    return { do: 'restart', reason: observed.shutOut ? 'shut_out' : 'not_running', configVersion };
  }
  const wanted = waits ? applied.configMark : desired.configMark;
  if (observed.configMark === wanted) return { do: 'nothing' };
  return { do: 'restart', reason: refused && !waits ? 'retry' : 'config', configVersion };
}

export type AccountStep = { do: 'remove'; email: string } | { do: 'add'; account: Account };

/**
 * The steps that bring the accounts a core has under some emails on one inbound to the desired one, in order.
 * Xray cannot replace an account: another credential is a removal, then an addition.
 */
export function planAccount(desired: Account | null, observed: readonly Account[]): AccountStep[] {
  const kept = observed.find((account) => desired !== null && isSameAccount(account, desired));
  const stale = new Set(observed.filter((account) => account !== kept).map((account) => account.email));
  if (kept) stale.delete(kept.email);
  const removals = [...stale].map((email) => ({ do: 'remove' as const, email }));
  return desired === null || kept ? removals : [...removals, { do: 'add' as const, account: desired }];
}

/** Whether a core that has `a` needs nothing to have `b`. */
export function isSameAccount(a: Account, b: Account): boolean {
  return accountText(a) === accountText(b);
}

/** What {@link isSameAccount} goes by, as one text. */
export function accountText(account: Account): string {
  return `${account.email} ${credential(account)}`;
}

function credential(account: Account): string {
  switch (account.type) {
    case 'vmess':
      return `vmess ${account.id.toLowerCase()}`;
    case 'vless':
      return `vless ${account.id.toLowerCase()} ${account.flow}`;
    case 'trojan':
      return `trojan ${account.password}`;
    case 'shadowsocks':
      return `shadowsocks ${account.method} ${account.password}`;
    case 'shadowsocks_2022':
      return `shadowsocks_2022 ${account.key}`;
  }
}
