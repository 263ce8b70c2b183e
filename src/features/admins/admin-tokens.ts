import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Config } from '../../config/config.js';
import type { Credentials } from './admins.repository.js';
import { type AdminClaims, isAdminClaims } from './domain/admin-claims.js';
import { isMarzbanClaims, type MarzbanClaims } from './domain/marzban-claims.js';

/** How many checked tokens a replica remembers. */
const REMEMBERED = 10_000;

/** What a token says that we issued, or Marzban did. */
export type TokenClaims = AdminClaims | MarzbanClaims;

export const isTokenClaims = (payload: unknown): payload is TokenClaims =>
  isAdminClaims(payload) || isMarzbanClaims(payload);

/** The tokens admins carry. */
@Injectable()
export class AdminTokens {
  private readonly checked = new Map<string, TokenClaims>();

  constructor(
    private readonly jwt: JwtService,
    private readonly config: Config,
  ) {}

  /** A new token. `access` is for clients to read; rights always come from the admin's row. */
  issue({ admin, credentialVersion }: Credentials): string {
    const { tokenMinutes } = this.config.auth;
    return this.jwt.sign(
      { sub: admin.username, access: admin.isSudo ? 'sudo' : 'admin', aid: admin.id, ver: credentialVersion },
      tokenMinutes > 0 ? { expiresIn: tokenMinutes * 60 } : {},
    );
  }

  /** The claims of a token that was checked before and has not expired since. */
  recall(token: string): TokenClaims | undefined {
    const claims = this.checked.get(token);
    if (claims?.exp === undefined || claims.exp * 1000 > Date.now()) return claims;
    this.checked.delete(token);
    return undefined;
  }

  /** Spares later requests with the same token the check of its signature. */
  remember(token: string, claims: TokenClaims): void {
    const [oldest] = this.checked.size >= REMEMBERED ? this.checked.keys() : [];
    if (oldest !== undefined) this.checked.delete(oldest);
    this.checked.set(token, claims);
  }
}
