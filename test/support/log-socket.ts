import { once } from 'node:events';
import { WebSocket } from 'ws';
import { eventually } from './eventually.js';

/** A client of a log stream. */
export interface LogSocket {
  socket: WebSocket;
  /** What has arrived, message by message. */
  messages: string[];
  /** Waits for so many messages. */
  received(count: number): Promise<string[]>;
  /** Waits for the end and returns its code and reason. */
  closed(): Promise<[number, string]>;
}

/** Opens a log stream, `path` with its query, on the service at `url`. */
export async function openLog(url: string, path: string, token?: string): Promise<LogSocket> {
  const socket = connect(url, path, token);
  const messages: string[] = [];
  socket.on('message', (data: Buffer) => messages.push(data.toString()));
  const closed = new Promise<[number, string]>((resolve) =>
    socket.on('close', (code, reason: Buffer) => resolve([code, reason.toString()])),
  );
  await once(socket, 'open');
  return {
    socket,
    messages,
    received: (count) => eventually(() => messages.length >= count && messages),
    closed: () => closed,
  };
}

/** The answer of a service that refuses a log stream: status and body. */
export async function refusal(url: string, path: string, token?: string): Promise<[number, unknown]> {
  const socket = connect(url, path, token);
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate();
      reject(new Error(`${path} was not refused`));
    });
    socket.on('error', reject);
    socket.on('unexpected-response', (_, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve([response.statusCode ?? 0, JSON.parse(Buffer.concat(chunks).toString())]),
      );
    });
  });
}

function connect(url: string, path: string, token?: string): WebSocket {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new WebSocket(url.replace(/^http/, 'ws') + path, { headers });
}
