import type { Response } from 'express';

/** Answers 200 with JSON that is text already. */
export function sendJson(response: Response, text: string): void {
  response.statusCode = 200;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
