import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LongReplies } from '../../../src/xray/grpc/long-replies.js';

type Answer = (stream: ServerHttp2Stream) => void;

let server: Http2Server;
let replies: LongReplies;
let answer: Answer;

beforeAll(async () => {
  server = createServer().on('stream', (stream) => answer(stream.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  replies = new LongReplies(() => connect(port, '127.0.0.1'));
});
afterAll(() => {
  replies?.close();
  server?.close();
});

const GRPC = { ':status': 200, 'content-type': 'application/grpc' };
const head = (length: number, compressed = 0) => {
  const bytes = Buffer.alloc(5);
  bytes[0] = compressed;
  bytes.writeUInt32BE(length, 1);
  return bytes;
};
const replied =
  (body: Buffer, trailers: Record<string, string>): Answer =>
  (stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  };
const ask = async (patienceMs = 30_000) => {
  const pieces: Buffer[] = [];
  for await (const piece of replies.call('/a/B', Buffer.from('?'), patienceMs)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};
const failed = (message: string): Answer =>
  replied(Buffer.alloc(0), { 'grpc-status': '2', 'grpc-message': message });

it('a reply is what stands in its message', async () => {
  answer = replied(Buffer.concat([head(5), Buffer.from('hello')]), { 'grpc-status': '0' });
  expect(await ask()).toBe('hello');
});

it.each<[string, Answer, { code: string; message: RegExp }]>([
  [
    'longer than it says',
    replied(Buffer.concat([head(3), Buffer.from('hello')]), { 'grpc-status': '0' }),
    { code: 'other', message: /^a reply cannot be read \(it is longer than it says\)/ },
  ],
  [
    'shorter than it says',
    replied(Buffer.concat([head(9), Buffer.from('hello')]), { 'grpc-status': '0' }),
    { code: 'other', message: /^a reply cannot be read \(it is cut short\)/ },
  ],
  [
    'longer than any may be',
    replied(Buffer.concat([head(2 ** 30 + 1), Buffer.from('hello')]), { 'grpc-status': '0' }),
    { code: 'other', message: /^a reply cannot be read \(it is compressed, or too long\)/ },
  ],
  [
    'compressed',
    replied(Buffer.concat([head(5, 1), Buffer.from('hello')]), { 'grpc-status': '0' }),
    { code: 'other', message: /^a reply cannot be read \(it is compressed, or too long\)/ },
  ],
  [
    'without an end',
    replied(Buffer.concat([head(5), Buffer.from('hello')]), {}),
    { code: 'unavailable', message: /./ },
  ],
  [
    'refused in percent-encoded words',
    failed('handler not found: %C3%BC'),
    { code: 'inbound_not_found', message: /^handler not found: ü$/ },
  ],
  [
    'refused in words that are not quite percent-encoded',
    failed('handler not found: 100%'),
    { code: 'inbound_not_found', message: /^handler not found: 100%$/ },
  ],
  [
    'that of a proxy',
    (stream) => {
      stream.respond({ ':status': 502, 'content-type': 'text/html' });
      stream.end('<html>Bad Gateway</html>');
    },
    { code: 'unavailable', message: /^HTTP status 502 came instead of a reply; is it Xray itself/ },
  ],
])('a reply that is %s is told as such', async (_, how, { code, message }) => {
  answer = how;
  await expect(ask()).rejects.toMatchObject({
    name: 'CoreError',
    code,
    message: expect.stringMatching(message) as string,
  });
});

it('a reply that stops coming is given up', async () => {
  answer = (stream) => {
    stream.respond(GRPC);
    stream.write(head(5));
  };
  await expect(ask(50)).rejects.toMatchObject({ code: 'timeout' });
});
