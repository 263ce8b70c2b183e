import {
  applyDecorators,
  Body,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { Request } from 'express';
import { InvalidInput } from '../domain/errors.js';
import { Invalid } from './coercion.js';
import { describedBy, type Kind } from './fields.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** The text of a JSON body, as it was sent, of a handler that wants it instead of its value. */
    bodyText?: string;
  }
}

const FORM = Symbol('form');
const LIMIT = Symbol('body limit');
const RAW = Symbol('raw body');

/** The body is a form (`application/x-www-form-urlencoded` or `multipart/form-data`) instead of JSON. */
export function FormBody(): MethodDecorator {
  return applyDecorators(
    mark(FORM, true),
    ApiConsumes('application/x-www-form-urlencoded', 'multipart/form-data'),
  );
}

/** How many bytes the body may have, where the usual limit does not fit. */
export function BodyLimit(bytes: number): MethodDecorator {
  return mark(LIMIT, bytes);
}

function mark(key: symbol, value: unknown): MethodDecorator {
  return (_target, _name, descriptor) => Reflect.defineMetadata(key, value, descriptor.value as object);
}

/** A body that is no class with fields: a map or a list. */
export function BodyOf(kind: Kind): ParameterDecorator {
  return (target, name, index) => {
    Body(new KindPipe(kind))(target, name, index);
    onMethod(target, name, ApiBody({ schema: describedBy(kind) }));
  };
}

/** The text of a JSON body that is an object: for bodies whose exact spelling matters. */
export function RawJson(): ParameterDecorator {
  return (target, name, index) => {
    rawJson()(target, name!, index);
    onMethod(target, name, applyDecorators(mark(RAW, true), ApiBody({ schema: { type: 'object' } })));
  };
}

const rawJson = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { body, bodyText } = context.switchToHttp().getRequest<Request>();
  if (bodyText === undefined) return readBody(noObject, body);
  return /^\s*\{/.test(bodyText)
    ? bodyText
    : readBody(noObject, /^\s*null\s*$/.test(bodyText) ? null : bodyText);
});

/** A body that is there, and is something else. */
const noObject: Pick<Kind<never>, 'read'> = {
  read: () => Invalid.of('dict_type', 'Input should be a valid dictionary'),
};

class KindPipe implements PipeTransform {
  constructor(private readonly kind: Kind) {}

  transform(value: unknown): unknown {
    return readBody(this.kind, value);
  }
}

/** The body as `kind` reads it. Throws `InvalidInput`; no body at all and the JSON text `null` are missing ones. */
export function readBody<T>(kind: Pick<Kind<T>, 'read'>, body: unknown): T {
  if (body === undefined || body === null) {
    throw new InvalidInput([{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
  }
  const result = kind.read(body);
  if (result instanceof Invalid) throw new InvalidInput([...result.under('body').issues]);
  return result;
}

function onMethod(target: object, name: string | symbol | undefined, decorate: MethodDecorator): void {
  const descriptor = name === undefined ? undefined : Object.getOwnPropertyDescriptor(target, name);
  if (descriptor) decorate(target, name!, descriptor);
}

/** What the body of a route is to be, by its decorators. */
export interface WantedBody {
  form: boolean;
  /** The handler takes the text of the JSON, not its value. */
  raw: boolean;
  limit: number | undefined;
}

/** Undefined when the route's handler takes no body. */
export function bodyWanted(context: ExecutionContext): WantedBody | undefined {
  const handler = context.getHandler();
  if (!wanted.has(handler)) {
    const raw = Reflect.hasMetadata(RAW, handler);
    const form = Reflect.getMetadata(FORM, handler) === true;
    const limit = Reflect.getMetadata(LIMIT, handler) as number | undefined;
    const takesBody = raw || hasBodyArgument(context.getClass(), handler.name);
    wanted.set(handler, takesBody ? { form, raw, limit } : undefined);
  }
  return wanted.get(handler);
}

const wanted = new WeakMap<object, WantedBody | undefined>();

function hasBodyArgument(controller: object, method: string): boolean {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as object;
  // Keys are `<kind>:<index>`.
  return Object.keys(args).some((key) => key.startsWith(`${RouteParamtypes.BODY}:`));
}
