import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { AppError, type ErrorKind, InvalidInput, type Issue } from '../domain/errors.js';
import { sendJson } from './send-json.js';

const STATUS: Record<ErrorKind, number> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  too_many: 429,
  unavailable: 503,
};

const DATABASE_RETRY_SECONDS = 2;

/** Turns what went wrong into the answer clients know. Whatever is not expected is a bug: 500, logged once. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(private readonly validationErrors: 'list' | 'fields') {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) {
      this.logger.error({ err: error }, 'A response broke off in the middle');
      response.destroy();
      return;
    }
    if (error instanceof InvalidInput) {
      return sendJson(response, 422, { detail: this.describe(error.issues) });
    }
    if (error instanceof AppError) return this.sendExpected(response, error);
    if (error instanceof HttpException) {
      return sendJson(response, error.getStatus(), { detail: error.message });
    }
    if (isDatabaseUnavailable(error)) {
      this.logger.warn(`The database cannot be reached: ${(error as Error).message}`);
      response.setHeader('Retry-After', DATABASE_RETRY_SECONDS);
      return sendJson(response, 503, { detail: 'The database is not available, try again shortly' });
    }
    this.logger.error({ err: error }, 'A request failed unexpectedly');
    response.statusCode = 500;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end('Internal Server Error');
  }

  private sendExpected(response: Response, error: AppError): void {
    if (error.kind === 'unauthorized') response.setHeader('WWW-Authenticate', 'Bearer');
    if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', error.retryAfterSeconds);
    sendJson(response, STATUS[error.kind], { detail: error.message });
  }

  /** The documented list, or what Marzban really sent: an object from the last part of the location to the message. */
  private describe(issues: readonly Issue[]): unknown {
    if (this.validationErrors === 'list') return issues.map(({ loc, msg, type }) => ({ loc, msg, type }));
    return Object.fromEntries(issues.map(({ loc, msg }) => [String(loc.at(-1)), msg]));
  }
}
