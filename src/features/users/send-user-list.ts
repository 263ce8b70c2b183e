import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import type { Response } from 'express';
import { dropWhenStalled } from '../../shared/http/bound-clients.js';
import { writeJson } from '../../shared/http/json.js';
import type { UserList } from './user-lists.service.js';

const logger = new Logger('Users');

/**
 * Answers with the list, at the pace at which the client reads it. A list of one batch is an ordinary answer. After the
 * first batch it is too late for an error: the connection is broken off, so that nobody takes a part for the whole.
 */
export async function sendUserList(response: Response, list: UserList): Promise<void> {
  let waiting: string | undefined;
  try {
    for await (const users of list.batches) {
      if (waiting !== undefined) await write(response, waiting);
      if (response.closed) return;
      waiting = `${waiting === undefined ? '{"users":[' : ','}${writeJson(users).slice(1, -1)}`;
    }
    const text = `${waiting ?? '{"users":['}],"total":${await list.total()}}`;
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

/** Waits while the client is behind; one that takes nothing for long is given up. */
async function write(response: Response, text: string): Promise<void> {
  startJson(response);
  if (response.closed || response.write(text)) return;
  dropWhenStalled(response);
  const stop = new AbortController();
  await Promise.race([
    once(response, 'drain', { signal: stop.signal }),
    once(response, 'close', { signal: stop.signal }),
  ]).finally(() => stop.abort());
}
