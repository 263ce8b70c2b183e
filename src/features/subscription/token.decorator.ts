import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

function segment(name: 'token' | 'client_type') {
  return createParamDecorator((_: unknown, context: ExecutionContext): string => {
    return context.switchToHttp().getRequest<Request<Record<typeof name, string>>>().params[name];
  });
}

/** The token in the path, as it came: nothing about it is invalid, it is just not found. */
export const Token = segment('token');

/** The name of a format in the path, as it came: it is judged after the token. */
export const WantedType = segment('client_type');
