import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Admin } from './admin.js';
import { AdminDirectory } from './admin-directory.js';
import { AdminTokenKeys } from './admin-token-keys.js';
import { AdminTokens, isTokenClaims, type TokenClaims } from './admin-tokens.js';
import { TokenRefused } from './admins.errors.js';

/** Who is behind a token, for connections that are no ordinary requests and so have no guards. */
@Injectable()
export class AdminAccess {
  constructor(
    private readonly tokens: AdminTokens,
    private readonly keys: AdminTokenKeys,
    private readonly jwt: JwtService,
    private readonly admins: AdminDirectory,
  ) {}

  /** The admin of a valid token. @throws TokenRefused */
  async holderOf(token: string): Promise<Admin> {
    return this.admins.holderOf(this.tokens.recall(token) ?? (await this.verify(token)));
  }

  private async verify(token: string): Promise<TokenClaims> {
    const secret = this.keys.of(token) as unknown as Buffer; // its types do not know that a KeyObject will do
    const claims = await this.jwt.verifyAsync<object>(token, { secret, algorithms: ['HS256'] }).catch(() => {
      throw new TokenRefused();
    });
    if (!isTokenClaims(claims)) throw new TokenRefused();
    this.tokens.remember(token, claims);
    return claims;
  }
}
