import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import { status } from '@grpc/grpc-js';
import { CoreError, toCoreError, unanswered, unreadable } from './errors.js';

/** What may be under way before it is read. Less, and a distant core would wait for us most of the time. */
const WINDOW_BYTES = 1024 * 1024;
/** In front of a message: whether it is compressed, and its length. */
const HEAD_BYTES = 5;
/** Several times what a million users come to. */
const MAX_BYTES = 2 ** 30;

/**
 * Calls whose replies are taken as they come, over a connection of their own. gRPC's library hands a reply over when all of it
 * is there, and then at once: of a million users that is a quarter of a gigabyte, and seconds in which nobody is served.
 */
export class LongReplies {
  private session: ClientHttp2Session | undefined;

  /** `dial` makes a connection to the core. */
  constructor(private readonly dial: () => Duplex) {}

  /**
   * The reply of one call, in pieces. It fails when no piece has come for so long.
   * @throws CoreError
   */
  async *call(
    path: string,
    message: Buffer,
    patienceMs: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer> {
    if (signal?.aborted) throw aborted();
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = this.connected().request(headers);
    let end: IncomingHttpHeaders = {};
    stream.on('response', (first) => {
      end = first;
      if (first[':status'] !== 200) stream.destroy(notOfCore(first[':status']));
    });
    stream.on('trailers', (last) => (end = last));
    stream.setTimeout(patienceMs, () => stream.destroy(unanswered(patienceMs)));
    const giveUp = () => stream.destroy(aborted());
    signal?.addEventListener('abort', giveUp, { once: true });
    stream.end(Buffer.concat([headOf(message), message]));
    let head = Buffer.alloc(0);
    let left = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        const missing = HEAD_BYTES - head.length;
        if (missing > 0) {
          head = Buffer.concat([head, chunk.subarray(0, missing)]);
          if (head.length === HEAD_BYTES) left = lengthIn(head);
        }
        const bytes = chunk.subarray(missing);
        left -= bytes.length;
        if (left < 0) throw unreadable('it is longer than it says');
        if (bytes.length > 0) yield bytes;
      }
    } catch (error) {
      if (error instanceof CoreError) throw error;
      throw new CoreError('unavailable', (error as Error).message, { cause: error });
    } finally {
      signal?.removeEventListener('abort', giveUp);
      stream.destroy();
    }
    const code = end['grpc-status'];
    if (code === '0' && left > 0) throw unreadable('it is cut short');
    if (code === '0') return;
    const details = decoded(String(end['grpc-message'] ?? ''));
    throw toCoreError({ code: code === undefined ? status.UNAVAILABLE : Number(code), details });
  }

  close(): void {
    this.session?.destroy();
  }

  private connected(): ClientHttp2Session {
    if (this.session && !this.session.closed && !this.session.destroyed) return this.session;
    const session = connect('http://core', {
      createConnection: this.dial,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    session.on('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
    session.on('error', () => undefined); // each of its streams fails too
    return (this.session = session);
  }
}

/** How long the message is, by its head. */
function lengthIn(head: Buffer): number {
  const length = head.readUInt32BE(1);
  if (head[0] !== 0 || length > MAX_BYTES) throw unreadable('it is compressed, or too long');
  return length;
}

/** Percent-encoded, by the rules of gRPC; what is not is shown as it came. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** A proxy in between says by HTTP what is wrong with it. */
function notOfCore(httpStatus: number | undefined): CoreError {
  return new CoreError(
    'unavailable',
    `HTTP status ${httpStatus} came instead of a reply; is it Xray itself that answers there, with nothing in between?`,
  );
}

function headOf(message: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return head;
}

function aborted(): CoreError {
  return new CoreError('aborted', 'The call was given up');
}
