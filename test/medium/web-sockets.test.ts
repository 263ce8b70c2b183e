import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startApp, SUDO, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';

let app: TestApp;
let token: string;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  app = await startApp();
  token = await app.login(SUDO.username, SUDO.password);
});
afterAll(async () => {
  await app?.close();
  vi.useRealTimers();
});

/** Sends these bytes, piece by piece, and returns all that is answered until the service closes the connection. */
async function exchange(...pieces: string[]): Promise<string> {
  const { port } = new URL(app.url);
  const socket = connect(Number(port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = once(socket, 'close');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await closed;
  return Buffer.concat(chunks).toString();
}

const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
const form = `username=${SUDO.username}&password=${encodeURIComponent(SUDO.password)}`;
const login =
  `POST /api/admin/token HTTP/1.1\r\nHost: a\r\n${OFFER}Content-Type: application/x-www-form-urlencoded\r\n` +
  `Content-Length: ${form.length}\r\n\r\n`;
const last = 'GET /api/nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('a request that offers another protocol', () => {
  it.each<[string, string[]]>([
    ['in one piece', [login + form + last]],
    ['in pieces', [login, form.slice(0, 10), form.slice(10), last]],
  ])('is answered as any other, and so is what follows: %s', async (_, pieces) => {
    const answers = (await exchange(...pieces)).split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual([
      'HTTP/1.1 200 OK',
      'HTTP/1.1 404 Not Found',
    ]);
    expect(answers[0]).toContain('"token_type":"bearer"');
  });

  it('may do so again and again', async () => {
    const get = `GET /health/live HTTP/1.1\r\nHost: a\r\n${OFFER}\r\n`;
    expect((await exchange(get, get, get + last)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  });
});

describe('a handshake', () => {
  const ask = (more: string, method = 'GET') =>
    exchange(
      `${method} /api/core/logs?token=${token} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`,
    );

  it.each([
    ['without key', 'Sec-WebSocket-Version: 13\r\n', 'GET', '400'],
    [
      'of another version',
      'Sec-WebSocket-Version: 9\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      'GET',
      '426',
    ],
    [
      'by another method',
      'Content-Length: 0\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      'POST',
      '405',
    ],
  ])('that is none is refused: %s', async (_, headers, method, status) => {
    expect((await ask(headers, method)).slice(0, 12)).toMatch(new RegExp(`^HTTP/1.1 (${status}|400)`));
  });

  it('at a path that is no path is refused', async () => {
    const headers = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const answer = await exchange(
      `GET http:// HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n${headers}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*\{"detail":"Not Found"\}$/);
  });
});

describe('a web socket', () => {
  // Time that is advanced at once looks like silence to those who watch the database's connections.
  beforeEach(() => eventually(async () => (await fetch(`${app.url}/health/ready`)).ok));

  const open = async (options: object = {}) => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/api/core/logs?token=${token}`, options);
    await once(socket, 'open');
    return socket;
  };

  it('is asked every 20 seconds whether it is there, and ended when it does not answer', async () => {
    const here = await open();
    const gone = await open({ autoPong: false });
    for (let round = 0; round < 2; round++) {
      const asked = Promise.all([once(here, 'ping'), round === 0 ? once(gone, 'ping') : once(gone, 'close')]);
      vi.advanceTimersByTime(20_000);
      await asked;
      here.ping();
      await once(here, 'pong'); // by now our own pong has arrived, too
    }
    expect(await eventually(() => gone.readyState === WebSocket.CLOSED)).toBe(true);
    expect(here.readyState).toBe(WebSocket.OPEN);
    here.close();
  });

  it('is closed when it sends too much', async () => {
    const socket = await open();
    socket.send('x'.repeat(70_000));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1009);
  });
});
