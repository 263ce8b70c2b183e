import type { Request, Response } from 'express';
import { originOf } from '../../shared/http/origin.js';
import type { ClientType } from './domain/client-format.js';
import type { Page, Reader } from './subscription-pages.service.js';
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
    url: originOf(request) + request.originalUrl,
    userAgent: request.get('user-agent') ?? '',
    isProbe: request.method === 'HEAD',
  };
}

/** Whether a person asks: browsers want HTML. Source: Marzban `app/routers/subscription.py`. */
export function isReader(request: Request): boolean {
  return (request.get('accept') ?? '').includes('text/html');
}

export function toReader(request: Request): Reader {
  const { lang } = request.query;
  return {
    origin: originOf(request),
    acceptLanguage: request.get('accept-language') ?? '',
    chosenLanguage: typeof lang === 'string' ? lang : '',
  };
}

/** The link whose QR code is asked for, by the pictures of our page. */
export function linkToDraw({ query: { qr } }: Request): string | undefined {
  return typeof qr === 'string' ? qr : undefined;
}

/** Answers with a picture, which never becomes another. */
export function sendPicture(response: Response, svg: string): void {
  response.setHeader('cache-control', 'private, max-age=86400, immutable');
  response.setHeader('content-type', 'image/svg+xml');
  response.setHeader('content-length', Buffer.byteLength(svg));
  response.end(svg);
}

/** Answers with a page, which no cache may keep: it holds credentials, and is about now. */
export function sendPage(response: Response, { html, securityPolicy }: Page): void {
  if (securityPolicy === undefined) response.removeHeader('content-security-policy');
  else response.setHeader('content-security-policy', securityPolicy);
  response.setHeader('cache-control', 'private, no-store');
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(html));
  response.end(html);
}

/**
 * Answers with a subscription, or 304 to a client that has this version of it. Only the client may keep it, as it holds
 * credentials, and shall ask again before it uses it.
 */
export function sendSubscription(request: Request, response: Response, subscription: Subscription): void {
  const { type, headers, tag, write } = subscription;
  response.set(headers);
  response.set({ 'cache-control': 'private, no-cache', etag: tag });
  response.vary('Accept, User-Agent');
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const body = write();
  response.setHeader('content-type', CONTENT_TYPES[type]); // `set` would add a charset
  response.set('content-length', String(Buffer.byteLength(body))); // a HEAD request learns it as well
  response.end(body);
}
