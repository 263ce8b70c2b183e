import { accountFor } from '../../../xray/config/index.js';
import { coreEmail, type Account, type CoreUser, type ResolvedInbound } from '../../../xray/config/types.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import { isSameAccount } from '../domain/plan.js';
import { userIdOf } from '../domain/user-traffic.js';

/** A user whose accounts on the core are not what they should be. */
export interface Difference {
  userId: number;
  email: string;
}

/**
 * Compares what a core has with what it should have. Changes under way show up as differences too, which does no
 * harm. Accounts that are none of the panel's, such as an operator's own, are left alone.
 * @throws CoreError `unsupported` when the core cannot list accounts
 */
export async function audit(
  connection: CoreConnection,
  inbounds: readonly ResolvedInbound[],
  eachUser: (take: (users: readonly CoreUser[]) => void) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Difference[]> {
  const differences = new Map<string, Difference>();
  const report = (email: string) => {
    const userId = userIdOf(email);
    if (userId !== undefined) differences.set(email, { userId, email });
  };
  const observed = new Map<string, Map<string, Account>>();
  for (const inbound of inbounds) {
    const accounts = new Map<string, Account>();
    for (const account of await connection.accounts(inbound, undefined, signal)) {
      if (accounts.has(account.email)) report(account.email); // a second copy, which may have another password
      accounts.set(account.email, account);
    }
    observed.set(inbound.tag, accounts);
  }
  await eachUser((users) => {
    for (const user of users) {
      const email = coreEmail(user);
      for (const inbound of inbounds) {
        const accounts = observed.get(inbound.tag)!;
        const found = accounts.get(email);
        const wanted = accountFor(user, inbound);
        if (wanted === null) continue; // if there is one, it is left over below
        if (!found || !isSameAccount(found, wanted)) report(email);
        accounts.delete(email);
      }
    }
  });
  for (const leftOver of observed.values()) for (const email of leftOver.keys()) report(email);
  return [...differences.values()];
}
