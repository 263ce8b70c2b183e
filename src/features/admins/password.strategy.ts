import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-local';
import type { Credentials } from './admins.repository.js';

/** Name of the passport strategy. */
export const PASSWORD = 'password';

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the login guard: checks the form that was sent. */
    checkLogin?: () => Promise<Credentials>;
  }
}

/**
 * Checks the name and password of a login form. Passport keeps one strategy for the whole process, so what it works
 * with comes from the request; and it looks into the URL for what the form lacks, so its own findings are not used.
 */
@Injectable()
export class PasswordStrategy extends PassportStrategy(Strategy, PASSWORD) {
  constructor() {
    super({ passReqToCallback: true });
  }

  async validate({ checkLogin }: Request): Promise<Credentials | undefined> {
    return checkLogin?.();
  }
}
