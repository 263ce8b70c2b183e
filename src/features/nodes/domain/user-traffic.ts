import type { Traffic } from '../../../xray/grpc/index.js';

const MAX_ID = 2_147_483_647;

/**
 * Traffic by user id of counters by account email, `<id>.<username>`. Others, such as the operator's own accounts,
 * are left out, and so is what no username can be; several names of one user are added up.
 */
export function trafficByUser(byEmail: ReadonlyMap<string, Traffic>): Map<number, Traffic> {
  const byUser = new Map<number, Traffic>();
  for (const [email, { up, down }] of byEmail) {
    const id = userIdOf(email);
    if (id === undefined || email.includes('>>>') || up < 0n || down < 0n) continue;
    const known = byUser.get(id);
    byUser.set(id, known ? { up: known.up + up, down: known.down + down } : { up, down });
  }
  return byUser;
}

/** The user an account belongs to: what is before the first dot. */
export function userIdOf(email: string): number | undefined {
  const digits = /^(\d{1,10})\./.exec(email)?.[1];
  return digits !== undefined && Number(digits) <= MAX_ID ? Number(digits) : undefined;
}

/** The entries of `current` that are not already `charged`, without those that never moved. */
export function movedSince<K>(
  charged: ReadonlyMap<K, Traffic>,
  current: ReadonlyMap<K, Traffic>,
): Map<K, Traffic> {
  const moved = new Map<K, Traffic>();
  for (const [key, traffic] of current) {
    const known = charged.get(key);
    const same = known
      ? known.up === traffic.up && known.down === traffic.down
      : traffic.up + traffic.down === 0n;
    if (!same) moved.set(key, traffic);
  }
  return moved;
}
