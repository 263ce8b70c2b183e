import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import type { Response } from 'express';
import { writeJson } from '../../shared/http/json.js';
import type { UserList } from './user-lists.service.js';

const logger = new Logger('Users');

const STALLED_MS = 30_000;

/**
 * Answers with the list, at the pace at which the client reads it. A list of one batch is an ordinary answer. After the
 * first batch it is too late for an error: the connection is broken off, so that nobody takes a part for the whole.
 */
export async function sendUserList(response: Response, list: UserList): Promise<void> {
  let received = 0;
  let waiting: string | undefined;
  try {
    for await (const users of list.batches) {
      if (waiting !== undefined) await write(response, waiting);
      if (response.closed) return;
      waiting = `${received === 0 ? '{"users":[' : ','}${writeJson(users).slice(1, -1)}`;
      received += users.length;
    }
    const text = `${waiting ?? '{"users":['}],"total":${await list.total(received)}}`;
    startJson(response);
    response.end(text);
  } catch (error) {
    if (!response.headersSent) throw error;
    logger.error({ err: error }, 'A list of users broke off');
    response.destroy();
  }
}

function startJson(response: Response): void {
  if (!response.headersSent) response.setHeader('Content-Type', 'application/json');
}

/** Waits while the client is behind; one that takes nothing for long is given up, as a connection waits with it. */
async function write(response: Response, text: string): Promise<void> {
  startJson(response);
  if (response.closed || response.write(text)) return;
  const stop = new AbortController();
  const stalled = setTimeout(() => response.destroy(), STALLED_MS);
  await Promise.race([
    once(response, 'drain', { signal: stop.signal }),
    once(response, 'close', { signal: stop.signal }),
  ]).finally(() => {
    clearTimeout(stalled);
    stop.abort();
  });
}
