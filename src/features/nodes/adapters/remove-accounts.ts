import { inParallel } from '../../../shared/scheduling/in-parallel.js';
import { CoreError, type InboundServer, type XrayClient } from '../../../xray/grpc/index.js';
import { userIdOf } from '../domain/user-traffic.js';

/** Calls in flight while accounts are removed. */
const CONCURRENCY = 64;

/** Removes all accounts of the panel from a core, but for those on `kept` inbounds. */
export async function removeAccounts(
  client: XrayClient,
  inbounds: ReadonlyMap<string, InboundServer>,
  kept: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const [tag, { takes }] of inbounds) {
    if (takes === undefined || kept.has(tag)) continue;
    const ours = (await client.listUsers(tag, '', signal)).filter(
      ({ email }) => userIdOf(email) !== undefined,
    );
    await inParallel(ours, CONCURRENCY, async ({ email }) => {
      await client.removeUser(tag, email, signal).catch((error: unknown) => {
        if (!(error instanceof CoreError) || error.code !== 'user_not_found') throw error;
      });
    });
  }
}
