/** What an admin's token says. `sub`, `access` and the times as Marzban has them, the rest is ours. */
export interface AdminClaims {
  sub: string;
  access: 'admin' | 'sudo';
  /** Unix seconds. */
  iat: number;
  /** Unix seconds; absent in tokens that live for ever. */
  exp?: number;
  /** The admin's id: a namesake made later does not inherit the token. */
  aid: number;
  /** The version of the admin's credentials; a new password voids older tokens. */
  ver: number;
}

const MAX_INT = 2 ** 31 - 1;

/** Whether the payload of a token is what an admin's says, as far as anything depends on it. */
export function isAdminClaims(payload: unknown): payload is AdminClaims {
  if (typeof payload !== 'object' || payload === null) return false;
  const { aid, ver, exp } = payload as Partial<Record<keyof AdminClaims, unknown>>;
  return isId(aid) && isId(ver) && (exp === undefined || Number.isFinite(exp));
}

/** Ids and versions are of the database's `int`, which cannot even be asked for others. */
function isId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_INT;
}
