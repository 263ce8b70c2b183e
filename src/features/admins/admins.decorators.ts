import { applyDecorators, createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import type { Admin } from './admin.js';
import { AdminGuard, SudoGuard } from './admins.guards.js';

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
export const CurrentAdmin = createParamDecorator((_: unknown, context: ExecutionContext): Admin => {
  const { admin } = context.switchToHttp().getRequest<Request>();
  if (!admin) throw new Error('A handler asks for the current admin on a route without an admin guard');
  return admin;
});
