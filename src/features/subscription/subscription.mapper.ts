import type { Request, Response } from 'express';
import type { Subscription, Visitor } from './subscription.service.js';

/** Who asks; behind a trusted proxy the address is the one the client used, not the proxy's. */
export function toVisitor(request: Request): Visitor {
  return {
    url: `${request.protocol}://${request.host ?? ''}${request.originalUrl}`,
    userAgent: request.get('user-agent') ?? '',
    isProbe: request.method === 'HEAD',
  };
}

/** Answers with a subscription, which no cache may keep: it holds credentials, and counts change. */
export function sendSubscription(response: Response, { headers, body }: Subscription): void {
  response.set(headers);
  response.set('cache-control', 'private, no-store');
  response.set('content-type', 'text/plain; charset=utf-8');
  response.set('content-length', String(Buffer.byteLength(body))); // a HEAD request learns it as well
  response.end(body);
}
