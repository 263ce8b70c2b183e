import type { TagsByProtocol } from '../../../xray/config/types.js';
import { expiryOfStart, isHeld, NO_HOLD } from './hold.js';
import { type ConfigTags, exclusionsOf } from './inbounds.js';
import { judgeStatus } from './next-plan.js';
import { completeProxies, type CredentialSource, protocolsOf, type ProxyRequests } from './proxies.js';
import type { NextPlan, ResetStrategy, User } from './user.js';

/** What an operator changes. Undefined leaves alone; null clears. */
export interface UserChange {
  proxies?: ProxyRequests;
  /** Per protocol the tags that stay open; an empty list closes all. Other protocols keep their exclusions. */
  inbounds?: TagsByProtocol;
  status?: 'active' | 'disabled' | 'on_hold';
  dataLimit?: bigint | null;
  expireAt?: Date | null;
  resetStrategy?: ResetStrategy;
  note?: string | null;
  holdSeconds?: number | null;
  holdUntil?: Date | null;
  autoDeleteInDays?: number;
  nextPlan?: NextPlan | null;
}

export interface ModificationContext {
  now: Date;
  config: ConfigTags;
  fresh: CredentialSource;
}

/**
 * The user after an operator's change.
 *
 * - `on_hold` clears the expiry, for it is made when the user starts.
 * - `active` starts a held user: its expiry runs from now unless the change names one, and the hold is over.
 * - An expiry starts a held user too, with that: it was paid for. One that was disabled while held stays disabled.
 * - Whenever status, limit or expiry are named, the status is judged anew; a due next plan is left to the review.
 *
 * Source: Marzban `app/db/crud.py` (`update_user`), which sets a status without looking and clears nothing.
 */
export function modifyUser(user: User, change: UserChange, context: ModificationContext): User {
  const { now } = context;
  const next: User = { ...user, editedAt: now };
  if (change.proxies) next.proxies = completeProxies(change.proxies, context.fresh, user.proxies);
  next.excludedInbounds = exclusionsAfter(next, change, context.config);

  if (change.status !== undefined) next.status = change.status;
  if (change.dataLimit !== undefined) next.dataLimit = change.dataLimit;
  if (change.expireAt !== undefined) next.expireAt = change.expireAt;
  if (change.resetStrategy !== undefined) next.resetStrategy = change.resetStrategy;
  if (change.note !== undefined) next.note = change.note;
  if (change.autoDeleteInDays !== undefined) next.autoDeleteInDays = change.autoDeleteInDays;
  if (change.nextPlan !== undefined) next.nextPlan = change.nextPlan;
  changeHold(next, user, change, now);

  const judged =
    change.status !== undefined || change.dataLimit !== undefined || change.expireAt !== undefined;
  if (judged) next.status = judgeStatus(next, now);
  if (next.status !== user.status) next.statusChangedAt = now;
  return next;
}

/** Exclusions of the protocols the user has after the change; those the change names are replaced. */
function exclusionsAfter(next: User, change: UserChange, config: ConfigTags): TagsByProtocol {
  const chosen = exclusionsOf(change.inbounds ?? {}, config);
  const excluded: TagsByProtocol = {};
  for (const protocol of protocolsOf(next.proxies)) {
    const tags = change.inbounds?.[protocol] ? chosen[protocol] : next.excludedInbounds[protocol];
    if (tags) excluded[protocol] = tags;
  }
  return excluded;
}

function changeHold(next: User, before: User, change: UserChange, now: Date): void {
  // A held user without a duration could never expire, so a held one keeps its own.
  if (change.holdSeconds !== undefined && !(next.status === 'on_hold' && change.holdSeconds === null)) {
    next.holdSeconds = change.holdSeconds;
  }
  if (change.holdUntil !== undefined) next.holdUntil = change.holdUntil;
  if (change.status === 'on_hold') next.expireAt = null;
  if (!isHeld(before)) return;
  const isPaid = change.status !== 'on_hold' && change.expireAt instanceof Date;
  if (isPaid || change.status === 'active') {
    if (change.expireAt === undefined) next.expireAt = expiryOfStart(next, now);
    if (next.status === 'on_hold') next.status = 'active';
    Object.assign(next, NO_HOLD);
  } else {
    next.heldWhenDisabled = next.status === 'disabled';
  }
}
