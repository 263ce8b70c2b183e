import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import { Secrets } from '../../shared/secrets/secrets.js';
import { type AdminClaims, isAdminClaims } from './domain/admin-claims.js';
import { bearerToken } from './domain/bearer-token.js';

/** Name of the passport strategy. */
export const ADMIN_TOKEN = 'admin-token';

/** Checks the signature and expiry of admin tokens. */
@Injectable()
export class AdminTokenStrategy extends PassportStrategy(Strategy, ADMIN_TOKEN) {
  constructor(secrets: Secrets) {
    super({
      jwtFromRequest: (request: Request) => bearerToken(request.headers.authorization) ?? null,
      // A KeyObject (which passport-jwt's types do not know): with text, each check would derive the key anew, at
      // forty times the cost.
      secretOrKey: secrets.adminTokens as unknown as Buffer,
      algorithms: ['HS256'],
    });
  }

  validate(payload: unknown): AdminClaims | false {
    return isAdminClaims(payload) ? payload : false;
  }
}
