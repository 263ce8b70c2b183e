import type { ClientBase, Pool } from 'pg';
import { READ_ONLY } from './unavailable.js';

/** Whether the server only follows another: what it says may be old, and it takes no writes. */
export async function isInRecovery(client: ClientBase | Pool): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  return rows[0]?.standby === true;
}

/** After a switch-over an address may for a while lead to the wrong one. @throws StandbyReached */
export async function requirePrimary(client: ClientBase | Pool): Promise<void> {
  if (await isInRecovery(client)) throw new StandbyReached();
}

/** Counts as a database that is not available, like a write that a standby refuses. */
export class StandbyReached extends Error {
  readonly code = READ_ONLY;

  constructor() {
    super('the server there is in recovery: a standby that takes no writes');
    this.name = 'StandbyReached';
  }
}
