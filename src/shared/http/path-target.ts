import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiErrors } from './api-errors.js';

const targets = new WeakMap<Request, { foundBy: unknown; target: unknown }>();

/** Finds what the path names, once for the checks after it and for the handler, and before the body is looked at. */
export abstract class TargetGuard<T> implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    targets.set(request, { foundBy: this.constructor, target: await this.find(request) });
    return true;
  }

  /** @throws what the client is told when there is none */
  protected abstract find(request: Request): Promise<T>;
}

/** For a route with the parameter `name`, after the admin's own guard. */
export function WithTarget(
  guard: Type<TargetGuard<unknown>>,
  name: string,
  type: 'integer' | 'string',
): MethodDecorator {
  return applyDecorators(UseGuards(guard), ApiParam({ name, schema: { type } }), ApiErrors('not_found'));
}

/** What this guard has found, as a parameter of the handler. */
export function targetOf<T>(guard: Type<TargetGuard<T>>): () => ParameterDecorator {
  return createParamDecorator((_: unknown, context: ExecutionContext): T => {
    const found = targets.get(context.switchToHttp().getRequest<Request>());
    if (found?.foundBy !== guard) throw new Error(`A handler asks for what ${guard.name} finds, without it`);
    return found.target as T;
  });
}
