import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { NotAllowed } from '../../shared/domain/errors.js';
import { readBody } from '../../shared/http/body.js';
import { readRequestBody } from '../../shared/http/body-reader.js';
import { TargetGuard } from '../../shared/http/path-target.js';
import { readDto } from '../../shared/http/read-dto.js';
import type { Admin } from './admin.js';
import { TokenRequestDto } from './admins.dto.js';
import type { Credentials } from './admins.repository.js';
import { AdminsService } from './admins.service.js';
import { AdminDirectory } from './admin-directory.js';
import { ADMIN_TOKEN } from './admin-token.strategy.js';
import { AdminTokens, type TokenClaims } from './admin-tokens.js';
import { bearerToken } from './domain/bearer-token.js';
import { LoginRefused, NotAuthenticated, TokenRefused } from './admins.errors.js';
import { LoginService } from './login.service.js';
import { PASSWORD } from './password.strategy.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the admin guard. */
    admin?: Admin;
  }
}

/** Lets admins with a valid bearer token in and puts them on the request. */
@Injectable()
export class AdminGuard extends AuthGuard(ADMIN_TOKEN) {
  constructor(
    private readonly tokens: AdminTokens,
    private readonly admins: AdminDirectory,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) throw new NotAuthenticated();
    const claims = this.tokens.recall(token) ?? (await this.verify(token, context, request));
    request.admin = await this.admins.holderOf(claims);
    return true;
  }

  /** Passport's outcome of a token that was not seen before: the claims, or the refusal. */
  override handleRequest<T>(error: unknown, claims: T | false): T {
    if (error) throw error;
    if (!claims) throw new TokenRefused();
    return claims;
  }

  private async verify(token: string, context: ExecutionContext, request: Request): Promise<TokenClaims> {
    // Only the token is looked at here, so whatever goes wrong is wrong with it: libraries trip over odd payloads.
    await Promise.resolve(super.canActivate(context)).catch(() => {
      throw new TokenRefused();
    });
    const claims = request.user as TokenClaims;
    this.tokens.remember(token, claims);
    return claims;
  }
}

/** Lets requests with a name and its password pass, and puts the admin's credentials on them. */
@Injectable()
export class LoginGuard extends AuthGuard(PASSWORD) {
  constructor(private readonly logins: LoginService) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await readRequestBody(context);
    const request = context.switchToHttp().getRequest<Request>();
    const form = readBody({ read: (body) => readDto(TokenRequestDto, body) }, request.body);
    request.checkLogin = () => this.logins.check(form.username, form.password, request.ip);
    request.body = form;
    return (await super.canActivate(context)) as boolean;
  }

  /** Passport gives no credentials where one of the two is empty. */
  override handleRequest<T>(error: unknown, credentials: T | false): T {
    if (error) throw error;
    if (!credentials) throw new LoginRefused();
    return credentials;
  }
}

/** Lets sudo admins pass; after `AdminGuard`. */
@Injectable()
export class SudoGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { admin } = context.switchToHttp().getRequest<Request>();
    if (!admin?.isSudo) throw new NotAllowed();
    return true;
  }
}

/** Finds the admin the path names; after `SudoGuard`. */
@Injectable()
export class TargetAdminGuard extends TargetGuard<Credentials> {
  constructor(private readonly admins: AdminsService) {
    super();
  }

  protected override async find({ params }: Request): Promise<Credentials> {
    return this.admins.get(String(params.username));
  }
}
