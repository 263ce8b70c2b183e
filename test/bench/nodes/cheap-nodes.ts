/**
 * A process of nodes that cost next to nothing, to be started by the benchmark. All of them listen on the same two ports, and
 * are told apart by the address of this machine that they are called at.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { v1Certificate } from '../../support/v1-certificate.js';
import { numberOf } from './addresses.js';
import { CheapCore, Refused, type Traffic } from './cheap-core.js';
import type { Figures, Order, Report } from './messages.js';

interface CheapNode {
  session: string | undefined;
  core: CheapCore | undefined;
  readAt: number;
}

const nodes: CheapNode[] = [];
const watches = new Map<string, Set<number>>();
const calls: Record<string, number> = {};
let traffic: Traffic = { reported: 0, moving: 0 };
let [starts, altered, endedCounted] = [0, 0, 0];
let isFrozen = false;

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());

const tell = (report: Report) => process.send!(report);

async function obey(order: Order): Promise<void> {
  if (order.do === 'freeze') isFrozen = true;
  else if (order.do === 'watch') {
    const { email } = order;
    watches.set(email, new Set());
    tell({ is: 'watching', email });
  } else if (order.do === 'tell') tell({ is: 'figures', figures: figures() });
  else {
    ({ traffic } = order);
    for (let i = 0; i < order.nodes; i++) nodes.push({ session: undefined, core: undefined, readAt: 0 });
    tell({ is: 'serving', ...(await serve()) });
  }
}

async function serve(): Promise<{ agentPort: number; apiPort: number }> {
  const { certificate: cert, key } = v1Certificate();
  const agent = createServer({ cert, key }, async (request, response) => {
    const number = numberOf((request.socket as Socket).localAddress!);
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return; // the client has gone
    const [status, answer] = askAgent(number, request.url!, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const api = createSecureServer({ cert, key });
  api.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => askCore(stream, headers, Buffer.concat(chunks).subarray(5)));
    stream.on('error', () => undefined); // given up
  });
  const ports: number[] = [];
  for (const server of [agent, api]) {
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  return { agentPort: ports[0]!, apiPort: ports[1]! };
}

/** As Marzban's agent answers. */
function askAgent(number: number, path: string, text: string): [number, object] {
  const node = nodes[number]!;
  const body = JSON.parse(text || '{}') as { session_id?: string; config?: string };
  if (path === '/connect') {
    end(node);
    node.session = randomUUID();
  } else if (path === '/disconnect') {
    end(node);
    node.session = undefined;
  } else if (path !== '/') {
    if (body.session_id !== node.session) return [403, { detail: 'Session ID mismatch.' }];
    if (path === '/ping') return [200, {}];
    if (path === '/start' && node.core) return [503, { detail: 'Xray is started already' }];
    end(node);
    starts++;
    node.core = new CheapCore(body.config!, traffic, number * traffic.moving);
  }
  const { session, core } = node;
  return [
    200,
    {
      session_id: session,
      connected: session !== undefined,
      started: core !== undefined,
      core_version: '26.3.27',
    },
  ];
}

function end(node: CheapNode): void {
  endedCounted += node.core?.counted ?? 0;
  node.core = undefined;
}

function askCore(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, request: Buffer): void {
  if (!stream.session) return; // the client has gone
  const number = numberOf((stream.session.socket as Socket).localAddress!);
  const node = nodes[number]!;
  const path = String(headers[':path']);
  calls[path] = (calls[path] ?? 0) + 1;
  let reply: Buffer | undefined;
  let trailers: Record<string, string> = { 'grpc-status': '0' };
  if (!node.core) return stream.close();
  try {
    reply = node.core.answer(path, request, isFrozen);
    if (path.endsWith('/AlterInbound')) note(CheapCore.emailOf(request), number);
    if (path.endsWith('/QueryStats') && !request.includes('>>>')) node.readAt = Date.now();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    trailers = { 'grpc-status': '2', 'grpc-message': encodeURIComponent(error.message) };
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  if (!reply) return void stream.end();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(reply.length, 1);
  stream.end(Buffer.concat([head, reply]));
}

function note(email: string, number: number): void {
  altered++;
  const reached = watches.get(email)?.add(number);
  if (reached?.size !== nodes.length) return;
  watches.delete(email);
  tell({ is: 'reached', email, at: Date.now() });
}

function figures(): Figures {
  const counted = nodes.reduce((sum, { core }) => sum + (core?.counted ?? 0), endedCounted);
  return { starts, calls, altered, counted, readAt: nodes.map(({ readAt }) => readAt) };
}
