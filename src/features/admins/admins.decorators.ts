import { applyDecorators, createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { targetOf, WithTarget } from '../../shared/http/path-target.js';
import { type Actor, actorOf } from './actor.js';
import type { Admin } from './admin.js';
import { AdminGuard, SudoGuard, TargetAdminGuard } from './admins.guards.js';
import type { Credentials } from './admins.repository.js';

/** Name of the security scheme in the API document. */
export const BEARER = 'OAuth2PasswordBearer';

/** For a controller or route that any admin may use. */
export function AnyAdmin(): MethodDecorator & ClassDecorator {
  return applyDecorators(UseGuards(AdminGuard), ApiSecurity(BEARER), ApiErrors('unauthorized'));
}

/** For a controller or route that only sudo admins may use. */
export function SudoOnly(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    UseGuards(AdminGuard, SudoGuard),
    ApiSecurity(BEARER),
    ApiErrors('unauthorized', 'forbidden'),
  );
}

/** The admin who asks; only on routes with `@AnyAdmin()` or `@SudoOnly()`. */
export const CurrentAdmin = createParamDecorator((_: unknown, context: ExecutionContext): Admin =>
  adminOf(context),
);

/** The same as whoever does what is asked for. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor =>
  actorOf(adminOf(context)),
);

function adminOf(context: ExecutionContext): Admin {
  const { admin } = context.switchToHttp().getRequest<Request>();
  if (!admin) throw new Error('A handler asks for the current admin on a route without an admin guard');
  return admin;
}

/** For a route of sudo admins about the admin named in its path: unknown names are 404 before the body is looked at. */
export function WithTargetAdmin(): MethodDecorator {
  return applyDecorators(SudoOnly(), WithTarget(TargetAdminGuard, 'username', 'string'));
}

/** The admin the path names; only on routes with `@WithTargetAdmin()`. */
export const TargetAdmin = targetOf(TargetAdminGuard);

/** The admin who has just logged in; only on the route with `LoginGuard`. */
export const LoggedIn = createParamDecorator((_: unknown, context: ExecutionContext): Credentials => {
  return context.switchToHttp().getRequest<Request & { user: Credentials }>().user;
});
