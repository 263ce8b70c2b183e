/** What the token of an admin says that Marzban issued, before its installation was imported. */
export interface MarzbanClaims {
  sub: string;
  access: 'admin' | 'sudo';
  /** Unix seconds. */
  iat?: number;
  /** Unix seconds; absent in tokens that live for ever, which bots have. */
  exp?: number;
}

/** What is known of the admin of that name now. */
interface Holder {
  createdAt: Date;
  passwordResetAt: Date | null;
  fromEnvironment: boolean;
}

/** Whether the payload of a token is what Marzban's are. Its key signs links of subscriptions as well. */
export function isMarzbanClaims(payload: unknown): payload is MarzbanClaims {
  if (typeof payload !== 'object' || payload === null || 'aid' in payload) return false;
  const { sub, access, iat, exp } = payload as Partial<Record<keyof MarzbanClaims, unknown>>;
  return (
    typeof sub === 'string' &&
    !sub.includes('\0') && // nothing the database could be asked for
    (access === 'admin' || access === 'sudo') &&
    (iat === undefined || Number.isFinite(iat)) &&
    (exp === undefined || Number.isFinite(exp))
  );
}

/**
 * Whether a token of Marzban still stands for this admin: by Marzban's own rules (`app/models/admin.py`), save that an
 * admin who was made after the import does not inherit those of a namesake. Rights are never read from it.
 */
export function stillStandsFor({ access, iat }: MarzbanClaims, holder: Holder, importedAt: Date): boolean {
  const { createdAt, passwordResetAt, fromEnvironment } = holder;
  if (fromEnvironment ? access !== 'sudo' : createdAt > importedAt) return false;
  return passwordResetAt === null || (iat !== undefined && passwordResetAt.getTime() <= iat * 1000);
}
