import { accountFor } from '../../../xray/config/index.js';
import { coreEmail, type CoreUser, type ResolvedInbound } from '../../../xray/config/types.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import { AccountDigests } from '../domain/account-digests.js';
import { userIdOf } from '../domain/user-traffic.js';

/** A user whose accounts on the core are not what they should be. */
export interface Difference {
  userId: number;
  email: string;
}

type Core = Pick<CoreConnection, 'eachAccount'>;

/**
 * Compares what a core has with what it should have. Changes under way show up as differences too, which does no
 * harm. Accounts that are none of the panel's, such as an operator's own, are left alone. Of a million users only digests
 * are held at a time; so the core is asked once more if there are differences, for the names it has them by.
 * @throws CoreError `unsupported` when the core cannot list accounts
 */
export async function audit(
  core: Core,
  inbounds: readonly ResolvedInbound[],
  eachUser: (take: (users: readonly CoreUser[]) => void) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Difference[]> {
  const digests = new AccountDigests();
  for (const [index, inbound] of inbounds.entries()) {
    const take: Parameters<Core['eachAccount']>[1] = (account) => {
      const userId = userIdOf(account.email);
      if (userId !== undefined) digests.has(userId, index, account);
    };
    await core.eachAccount(inbound, take, signal);
  }
  const wanted = new Map<number, string>();
  await eachUser((users) => {
    for (const user of users) {
      const accounts = inbounds.map((inbound) => accountFor(user, inbound));
      if (!digests.isAsWanted(user.id, accounts)) wanted.set(user.id, coreEmail(user));
    }
  });
  const leftOver = new Set(digests.unasked());
  if (wanted.size === 0 && leftOver.size === 0) return [];
  const differences = new Map([...wanted].map(([userId, email]) => [email, { userId, email }]));
  for (const inbound of inbounds) {
    await core.eachAccount(
      inbound,
      ({ email }) => {
        const userId = userIdOf(email);
        const differs = userId !== undefined && (leftOver.has(userId) || wanted.has(userId));
        if (differs) differences.set(email, { userId, email });
      },
      signal,
    );
  }
  return [...differences.values()];
}
