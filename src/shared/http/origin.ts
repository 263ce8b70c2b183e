import type { Request } from 'express';

const SCHEMES = new Set(['http', 'https']);
/** A name, an IPv4 or an IPv6 address, and perhaps a port. */
const HOST = /^(?=.{1,255}$)(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * `https://panel.example.com:8443` as the client sees the service, to be written into links and pages; empty when nobody
 * names a host. What proxies and clients say is written only when it can be such: a proxy may hand on what a stranger sent.
 */
export function originOf(request: Pick<Request, 'protocol' | 'host' | 'headers'>): string {
  const said = request.protocol.toLowerCase();
  const scheme = SCHEMES.has(said) ? said : 'http';
  const host = [request.host, request.headers.host].find((text) => text !== undefined && HOST.test(text));
  return host === undefined ? '' : `${scheme}://${host}`;
}
