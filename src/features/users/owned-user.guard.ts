import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { AnyAdmin, SudoGuard } from '../admins/index.js';
import type { User } from './domain/user.js';
import { UsersService } from './users.service.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the guard of `@OwnedUser()`. */
    targetUser?: User;
  }
}

/** Reads the user the path names, once for the check and the handler; after the admin's own guard. */
@Injectable()
export class OwnedUserGuard implements CanActivate {
  constructor(private readonly users: UsersService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!request.admin) throw new Error('A route of a user has no admin guard before it');
    request.targetUser = await this.users.getFor(request.admin, String(request.params.username));
    return true;
  }
}

/**
 * For a route with `:username` that any admin may use on his own users, and sudo admins on all: 401, 404, 403, 422.
 * With `sudo` only these may, but others learn of missing users and of their own first, as clients know it.
 */
export function OwnedUser({ sudo = false } = {}): MethodDecorator {
  return applyDecorators(
    AnyAdmin(),
    UseGuards(OwnedUserGuard, ...(sudo ? [SudoGuard] : [])),
    ApiParam({ name: 'username', schema: { type: 'string' } }),
    ApiErrors('not_found', 'forbidden', 'invalid'),
  );
}

/** The user of a route with `@OwnedUser()`. */
export const TargetUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { targetUser } = context.switchToHttp().getRequest<Request>();
  if (!targetUser) throw new Error('A handler asks for the user of a route without @OwnedUser()');
  return targetUser;
});
