import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Config } from '../../config/config.js';
import { redactUrl } from './redaction.js';
import { inRequest } from './request-context.js';

const SANE_ID = /^[\w.:+/=-]{1,128}$/;

/**
 * Gives each request its id (the caller's `x-request-id` if it is a sane one) and logs it when it is over: changes
 * and failures of ours always, reads only with DEBUG, health checks never.
 */
export function requestLog(config: Config): RequestHandler {
  const logger = new Logger('Http');
  const verbose = config.logLevel === 'debug';
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.headers['x-request-id'];
    const id = typeof given === 'string' && SANE_ID.test(given) ? given : randomUUID();
    response.setHeader('x-request-id', id);
    if (request.url.startsWith('/health/')) return next();
    const begun = performance.now();
    inRequest(id, () => {
      response.once('close', () => {
        const level = levelOf(request.method, response.statusCode);
        if (level === 'debug' && !verbose) return;
        const url = redactUrl(request.originalUrl, config.subscription.path);
        logger[level](
          {
            method: request.method,
            url,
            status: response.writableFinished ? response.statusCode : 'aborted',
            ms: Math.round(performance.now() - begun),
            ip: request.ip,
          },
          `${request.method} ${url}`,
        );
      });
      next();
    });
  };
}

function levelOf(method: string, status: number): 'debug' | 'log' | 'warn' {
  if (status >= 500) return 'warn'; // the fault itself was logged where it happened
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'debug' : 'log';
}
