import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The token in the path, as it came: nothing about it is invalid, it is just not found. */
export const Token = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  return context.switchToHttp().getRequest<Request<{ token: string }>>().params.token;
});
