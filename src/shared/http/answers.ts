import type { Type } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { describedBy, type Kind } from './fields.js';

/** Documents what an operation answers with: a class with fields, or any kind of value. */
export function Answers(what: Type<object> | Kind): MethodDecorator {
  const description = 'Success';
  return typeof what === 'function'
    ? ApiOkResponse({ type: what, description })
    : ApiOkResponse({ schema: describedBy(what), description });
}

/** A value the contract leaves open. */
export function anything(): Kind {
  return { read: (value) => value, schema: () => ({}) };
}
