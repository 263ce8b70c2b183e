import type { ServerResponse } from 'node:http';
import { writeJson } from './json.js';

/** Answers with JSON, exact for 64-bit integers. No charset, as clients know it. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = writeJson(body);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(text);
}
