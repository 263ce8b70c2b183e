import { ExpressAdapter } from '@nestjs/platform-express';
import express, { type Express, type Request, type Response } from 'express';
import { noSuchRoute } from './routes.js';
import { sendJson } from './send-json.js';

/** Nest on Express, answering as clients of Marzban expect. */
export class ApiAdapter extends ExpressAdapter {
  constructor() {
    const app = express();
    app.enable('case sensitive routing');
    app.disable('x-powered-by');
    app.disable('etag'); // answers change with every second of traffic
    super(app);
  }

  /** What a handler returns is JSON, whatever it is; text and bytes pass as they are. */
  override reply(response: Response, body: unknown, status?: number): unknown {
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
      return sendJson(response, status ?? response.statusCode, body);
    }
    if (status !== undefined) response.statusCode = status;
    if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    return response.end(body);
  }

  /** Headers of `@Header()` as they are written: Express would add a charset. */
  override setHeader(response: Response, name: string, value: string): unknown {
    return response.setHeader(name, value);
  }

  /** `BodyReader` reads bodies. */
  override registerParserMiddleware(): void {}

  override setNotFoundHandler(): this {
    const app = this.getInstance<Express>();
    app.use((request: Request, response: Response) => noSuchRoute(app, request, response));
    return this;
  }
}
