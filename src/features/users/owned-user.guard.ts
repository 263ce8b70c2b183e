import { applyDecorators, Injectable, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { TargetGuard, targetOf, WithTarget } from '../../shared/http/path-target.js';
import { AnyAdmin, SudoGuard } from '../admins/index.js';
import type { User } from './domain/user.js';
import { UsersService } from './users.service.js';

const PARAMETER = 'username';

@Injectable()
export class OwnedUserGuard extends TargetGuard<User> {
  constructor(private readonly users: UsersService) {
    super();
  }

  protected override async find({ admin, params }: Request): Promise<User> {
    if (!admin) throw new Error('A route of a user has no admin guard before it');
    return this.users.getFor(admin, String(params[PARAMETER]));
  }
}

/**
 * For a route with `:username` that any admin may use on his own users, and sudo admins on all: 401, 404, 403, 422.
 * With `sudo` only these may, but others learn of missing users and of their own first, as clients know it.
 */
export function OwnedUser({ sudo = false } = {}): MethodDecorator {
  return applyDecorators(
    AnyAdmin(),
    WithTarget(OwnedUserGuard, PARAMETER, 'string'),
    UseGuards(...(sudo ? [SudoGuard] : [])),
    ApiErrors('forbidden', 'invalid'),
  );
}

/** The user of a route with `@OwnedUser()`. */
export const TargetUser = targetOf(OwnedUserGuard);
