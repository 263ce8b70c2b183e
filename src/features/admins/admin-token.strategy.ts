import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import { AdminTokenKeys } from './admin-token-keys.js';
import { isTokenClaims, type TokenClaims } from './admin-tokens.js';
import { bearerToken } from './domain/bearer-token.js';

/** Name of the passport strategy. */
export const ADMIN_TOKEN = 'admin-token';

/** Checks the signature and expiry of admin tokens. */
@Injectable()
export class AdminTokenStrategy extends PassportStrategy(Strategy, ADMIN_TOKEN) {
  constructor(keys: AdminTokenKeys) {
    super({
      jwtFromRequest: (request: Request) => bearerToken(request.headers.authorization) ?? null,
      // Its types do not know that a KeyObject will do.
      secretOrKeyProvider: (_request: Request, token: string, done: (error: null, key: Buffer) => void) =>
        done(null, keys.of(token) as unknown as Buffer),
      algorithms: ['HS256'],
    });
  }

  validate(payload: unknown): TokenClaims | false {
    return isTokenClaims(payload) ? payload : false;
  }
}
