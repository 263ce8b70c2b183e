import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import express, { type Request, type Response } from 'express';
import { AppError, BadRequest } from '../domain/errors.js';
import { bodyWanted } from './body.js';
import { parseJson } from './json.js';

const USUAL_LIMIT = 1024 * 1024;
const JSON_TYPE = /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i;
const FORM_TYPE = /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i;

class BodyTooLarge extends AppError {
  readonly kind = 'too_large';
  constructor(limit: number) {
    super(`The body has more than ${limit} bytes`);
  }
}

/**
 * Reads the body of a request, for handlers that take one. It is the first guard of all: a broken body is refused
 * before anybody asks for a token, but only where there is a route. Source: the order of checks of FastAPI.
 */
@Injectable()
export class BodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const wanted = bodyWanted(context);
    if (!wanted) return true;
    const http = context.switchToHttp();
    return this.read(http.getRequest<Request>(), http.getResponse<Response>(), wanted);
  }

  private async read(
    request: Request,
    response: Response,
    { form, limit = USUAL_LIMIT }: Wanted,
  ): Promise<true> {
    const bytes = await receive(request, response, limit);
    const type = request.headers['content-type'];
    if (form) {
      request.body = await parseForm(bytes, type);
    } else if (bytes.length === 0) {
      request.body = undefined;
    } else {
      const text = decode(bytes);
      // A body of another type is no object, and is told so.
      request.body = type === undefined || JSON_TYPE.test(type) ? parseJson(text) : text;
      request.bodyText = text;
    }
    return true;
  }
}

type Wanted = NonNullable<ReturnType<typeof bodyWanted>>;

const receivers = new Map<number, ReturnType<typeof express.raw>>();

async function receive(request: Request, response: Response, limit: number): Promise<Buffer> {
  const receiver = receivers.get(limit) ?? express.raw({ type: () => true, limit });
  receivers.set(limit, receiver);
  await new Promise<void>((resolve, reject) => {
    receiver(request, response, (error?: unknown) => {
      if (error === undefined) return resolve();
      const tooLarge = (error as { type?: string }).type === 'entity.too.large';
      reject(tooLarge ? new BodyTooLarge(limit) : unreadable(error));
    });
  });
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes); // without the byte order mark
  } catch (error) {
    throw unreadable(error);
  }
}

/** The fields of a form, the last of each name. Any other type has none. */
async function parseForm(bytes: Buffer, type: string | undefined): Promise<Record<string, unknown>> {
  if (type === undefined || !FORM_TYPE.test(type)) return {};
  try {
    const form = await new globalThis.Response(new Uint8Array(bytes), {
      headers: { 'content-type': type },
    }).formData();
    return Object.fromEntries(form);
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause: unknown): BadRequest {
  return new BadRequest('There was an error parsing the body', { cause });
}
