import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Admin } from './admin.js';
import { AdminDirectory } from './admin-directory.js';
import { AdminTokens } from './admin-tokens.js';
import { TokenRefused } from './admins.errors.js';
import { type AdminClaims, isAdminClaims } from './domain/admin-claims.js';

/** Who is behind a token, for connections that are no ordinary requests and so have no guards. */
@Injectable()
export class AdminAccess {
  constructor(
    private readonly tokens: AdminTokens,
    private readonly jwt: JwtService,
    private readonly admins: AdminDirectory,
  ) {}

  /** The admin of a valid token. @throws TokenRefused */
  async holderOf(token: string): Promise<Admin> {
    return this.admins.holderOf(this.tokens.recall(token) ?? (await this.verify(token)));
  }

  private async verify(token: string): Promise<AdminClaims> {
    const claims = await this.jwt.verifyAsync<object>(token, { algorithms: ['HS256'] }).catch(() => {
      throw new TokenRefused();
    });
    if (!isAdminClaims(claims)) throw new TokenRefused();
    this.tokens.remember(token, claims);
    return claims;
  }
}
