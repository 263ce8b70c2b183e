import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import type { Observable } from 'rxjs';
import { AppError, BadRequest } from '../domain/errors.js';
import { bodyWanted, type WantedBody } from './body.js';
import { parseJson, requireJson } from './json.js';

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
 * Reads the body of a request for handlers that take one. Interceptors run after all guards, so nothing is read of a
 * request that one of them refuses: a stranger costs what his headers cost. Marzban reads first and asks then.
 */
@Injectable()
export class BodyReader implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await readRequestBody(context);
    return next.handle();
  }
}

/** The same for a guard that judges by the body. It is read once. */
export async function readRequestBody(context: ExecutionContext): Promise<void> {
  const wanted = bodyWanted(context);
  const request = context.switchToHttp().getRequest<Request>();
  if (!wanted || request.body !== undefined) return;
  const bytes = await receive(request, wanted.limit ?? USUAL_LIMIT);
  await readInto(request, bytes, wanted);
}

async function readInto(request: Request, bytes: Buffer, { form, raw }: WantedBody): Promise<void> {
  const type = request.headers['content-type'];
  if (form) {
    request.body = await parseForm(bytes, type);
  } else if (bytes.length > 0) {
    const text = decode(bytes);
    if (type !== undefined && !JSON_TYPE.test(type)) {
      request.body = text; // is no object, and is told so
    } else if (raw) {
      requireJson(text);
      request.bodyText = text;
    } else {
      request.body = parseJson(text);
    }
  }
}

/** No more of it than `limit`: the rest is left to whoever sends it. Compressed bodies are not known, as in Marzban. */
async function receive(request: Request, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length']) > limit) throw new BodyTooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > limit) break;
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw unreadable(error); // the client is gone
  }
  if (size > limit) throw new BodyTooLarge(limit);
  return Buffer.concat(chunks);
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
