import type { Express, NextFunction, Request, Response } from 'express';
import { originOf } from './origin.js';
import { sendJson } from './send-json.js';

interface Layer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
}

const API = /^\/api\//;

/** The methods of the first route with this path; undefined when there is none. */
function methodsAt(app: Express, path: string): string[] | undefined {
  const layers = (app.router as unknown as { stack: Layer[] }).stack;
  const layer = layers.find((candidate) => candidate.route && candidate.match(path));
  return layer && Object.keys(layer.route!.methods).map((method) => method.toUpperCase());
}

/**
 * What Starlette does about paths and Express does not: a superfluous slash at the end is redirected with method and
 * body (307), HEAD and a plain OPTIONS are no methods of the API.
 */
export function strictRoutes(app: Express) {
  return (request: Request, response: Response, next: NextFunction): void => {
    // A slash is one however it is written: no parameter can hold it.
    if (/%2f/i.test(request.path)) request.url = withPlainSlashes(request.url);
    const { path, method } = request;
    // Nothing has a name with U+0000 in it, and the database cannot even be asked for one.
    if (path.includes('%00')) return sendJson(response, 404, { detail: 'Not Found' });
    if (!API.test(path)) return next();
    if (path.endsWith('/') && methodsAt(app, path.slice(0, -1))) {
      const query = request.url.slice(path.length);
      response.writeHead(307, { Location: `${originOf(request)}${path.slice(0, -1)}${query}` }).end();
      return;
    }
    if (method === 'HEAD' || method === 'OPTIONS') return noSuchRoute(app, request, response);
    next();
  };
}

function withPlainSlashes(url: string): string {
  const [path = '', ...query] = url.split('?');
  return [path.replace(/%2f/gi, '/'), ...query].join('?');
}

/** The answer where no route fits: 405 when the path has other methods, else 404. */
export function noSuchRoute(app: Express, request: Request, response: Response): void {
  const allowed = methodsAt(app, request.path);
  if (!allowed) return sendJson(response, 404, { detail: 'Not Found' });
  response.setHeader('Allow', allowed.join(', '));
  sendJson(response, 405, { detail: 'Method Not Allowed' });
}
