import { accountFor, credentialOf } from '../../../xray/config/index.js';
import { coreEmail, type CoreUser, type ResolvedInbound } from '../../../xray/config/types.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import { AccountDigests } from '../domain/account-digests.js';
import { userIdOf } from '../domain/user-traffic.js';

/**
 * So many users are found at once of whom something is missing, and as many of whom something is left over; neither wait for
 * all of the others. A million of them as texts would be some hundreds of megabytes.
 */
const LIMIT = 25_000;

/** A user whose accounts on the core are not what they should be. */
export interface Difference {
  userId: number;
  email: string;
  /** That the core has under this name, see {@link credentialOf}. */
  released: string[];
}

export interface Audit {
  differences: Difference[];
  /** Whether there are no more: else another audit is due once these are applied. */
  isComplete: boolean;
  /** Accounts that the core has, those that are none of the panel's left out. */
  accounts: number;
}

type Core = Pick<CoreConnection, 'eachAccount'>;

export interface AuditParts {
  core: Core;
  inbounds: readonly ResolvedInbound[];
  eachUser(take: (users: readonly CoreUser[]) => void): Promise<unknown>;
  /** Whether an audit has found the user before, and he is still to be applied. */
  isKnown(userId: number): boolean;
  signal: AbortSignal;
}

/**
 * Compares what a core has with what it should have. Changes under way show up as differences too, which does no
 * harm. Accounts that are none of the panel's, such as an operator's own, are left alone. Of a million users only digests
 * are held at a time; so the core is asked once more if there are differences, for the names it has them by.
 * @throws CoreError `unsupported` when the core cannot list accounts
 */
export async function audit(
  { core, inbounds, eachUser, isKnown, signal }: AuditParts,
  limit = LIMIT,
): Promise<Audit> {
  const digests = new AccountDigests();
  let accounts = 0;
  for (const [index, inbound] of inbounds.entries()) {
    const take: Parameters<Core['eachAccount']>[1] = (account) => {
      const userId = userIdOf(account.email);
      if (userId === undefined) return;
      digests.has(userId, index, account);
      accounts++;
    };
    await core.eachAccount(inbound, take, signal);
  }
  let isComplete = true;
  const wanted = new Map<number, string>();
  await eachUser((users) => {
    for (const user of users) {
      const own = inbounds.map((inbound) => accountFor(user, inbound));
      if (digests.isAsWanted(user.id, own) || isKnown(user.id)) continue;
      if (wanted.size < limit) wanted.set(user.id, coreEmail(user));
      else isComplete = false;
    }
  });
  const leftOver = new Set<number>();
  for (const userId of digests.unasked()) {
    if (isKnown(userId)) continue;
    if (leftOver.size === limit) {
      isComplete = false;
      break;
    }
    leftOver.add(userId);
  }
  if (wanted.size === 0 && leftOver.size === 0) return { differences: [], isComplete, accounts };
  const differences = new Map<string, Difference>();
  for (const [userId, email] of wanted) differences.set(email, { userId, email, released: [] });
  for (const inbound of inbounds) {
    await core.eachAccount(
      inbound,
      (account) => {
        const { email } = account;
        const userId = userIdOf(email);
        if (userId === undefined || !(leftOver.has(userId) || wanted.has(userId))) return;
        const credential = credentialOf(account);
        const released = differences.get(email)?.released ?? [];
        if (credential !== undefined && !released.includes(credential)) released.push(credential);
        differences.set(email, { userId, email, released });
      },
      signal,
    );
  }
  return { differences: [...differences.values()], isComplete, accounts };
}
