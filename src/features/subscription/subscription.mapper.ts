import type { Request, Response } from 'express';
import type { ClientType } from './domain/client-format.js';
import type { Subscription, Visitor } from './subscription.service.js';

/** As client applications know them. */
export const CONTENT_TYPES: Record<ClientType, string> = {
  v2ray: 'text/plain; charset=utf-8',
  'v2ray-json': 'application/json',
  clash: 'text/yaml; charset=utf-8',
  'clash-meta': 'text/yaml; charset=utf-8',
  'sing-box': 'application/json',
  outline: 'application/json',
};

/** Who asks; behind a trusted proxy the address is the one the client used, not the proxy's. */
export function toVisitor(request: Request): Visitor {
  return {
    url: `${request.protocol}://${request.host ?? ''}${request.originalUrl}`,
    userAgent: request.get('user-agent') ?? '',
    isProbe: request.method === 'HEAD',
  };
}

/** Answers with a subscription, which no cache may keep: it holds credentials, and counts change. */
export function sendSubscription(response: Response, { type, headers, body }: Subscription): void {
  response.set(headers);
  response.set('cache-control', 'private, no-store');
  response.setHeader('content-type', CONTENT_TYPES[type]); // `set` would add a charset
  response.set('content-length', String(Buffer.byteLength(body))); // a HEAD request learns it as well
  response.end(body);
}
