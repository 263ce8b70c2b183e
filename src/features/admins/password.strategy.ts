import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-local';
import type { Credentials } from './admins.repository.js';
import type { TokenRequestDto } from './admins.dto.js';
import { LoginService } from './login.service.js';

/** Name of the passport strategy. */
export const PASSWORD = 'password';

/** Checks the name and password of a login form. */
@Injectable()
export class PasswordStrategy extends PassportStrategy(Strategy, PASSWORD) {
  constructor(private readonly logins: LoginService) {
    super({ passReqToCallback: true });
  }

  /** From the form only: passport would also take what it lacks from the URL. */
  validate({ body, ip }: Request): Promise<Credentials> {
    const { username, password } = body as TokenRequestDto;
    return this.logins.check(username, password, ip);
  }
}
