import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { MARKER_PREFIX, readMarkers } from '../../src/xray/config/index.js';
import { decodeCounters, type Traffic } from '../../src/xray/grpc/counters.js';
import { xray } from '../../src/xray/grpc/package-definition.js';
import type { Certificate } from '../support/certificates.js';

const { QueryStats, GetSysStats } = xray.app.stats.command.StatsService.service;
/** Before each message: whether it is compressed, and its length. */
const FRAME = 5;

/** What one core process said that its counters stand at. */
export interface Reading {
  of: 'user' | 'outbound';
  values: ReadonlyMap<string, Traffic>;
  /** When it was handed on, milliseconds since 1970. */
  at: number;
  /** When the poller had also been told which process it was, without which no reading counts; undefined: never. */
  completeAt: number | undefined;
  /** Whether the core ended while the poller might still have been asking that. */
  isDoubtful: boolean;
}

/** What the processes of one core have said of their counters, by their markers. */
export class CounterNotes {
  private readonly readings = new Map<string, Reading[]>();

  /** Told of each process when it first says who it is. */
  onMarker: (marker: string) => void = () => undefined;

  of(marker: string, of: Reading['of']): Reading[] {
    return (this.readings.get(marker) ?? []).filter((reading) => reading.of === of);
  }

  add(marker: string, reading: Reading): void {
    this.meet(marker);
    this.readings.get(marker)!.push(reading);
  }

  meet(marker: string): void {
    if (this.readings.has(marker)) return;
    this.readings.set(marker, []);
    this.onMarker(marker);
  }
}

/**
 * Between the service and the API of a core: hands on every call and takes down what the core says of its counters. Both
 * ends are alike: TCP with a certificate, or a socket of this machine without one.
 */
export class CounterRelay {
  private readonly sessions = new Set<ServerHttp2Session>();
  /** Some never come to a session. */
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Http2Server,
    private readonly dial: () => ClientHttp2Session,
    private readonly notes: CounterNotes,
  ) {
    server.on('session', (session: ServerHttp2Session) => this.serve(session));
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** On a port of its own. */
  static async beforePort(
    target: number,
    { certificate, key }: Certificate,
    notes: CounterNotes,
  ): Promise<CounterRelay> {
    const server = createSecureServer({ cert: certificate, key });
    server.on('tlsClientError', () => undefined);
    const dial = () => connect(`https://127.0.0.1:${target}`, { rejectUnauthorized: false });
    const relay = new CounterRelay(server, dial, notes);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  static async beforeSocket(target: string, path: string, notes: CounterNotes): Promise<CounterRelay> {
    const dial = () => connect('http://localhost', { createConnection: () => createConnection(target) });
    const relay = new CounterRelay(createServer(), dial, notes);
    await new Promise<void>((resolve, reject) =>
      relay.server.once('error', reject).listen(path, () => resolve()),
    );
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const part of [...this.sessions, ...this.sockets]) part.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(session: ServerHttp2Session): void {
    this.sessions.add(session);
    const core = this.dial();
    const notes = new SessionNotes(this.notes);
    core.on('error', () => session.destroy());
    core.on('close', () => {
      // A poller that hangs up first has all the answers that it waited for.
      if (this.sessions.has(session)) notes.end();
      session.destroy();
    });
    session.on('error', () => undefined);
    session.on('close', () => {
      this.sessions.delete(session);
      core.destroy();
    });
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => undefined);
      void (async () => {
        const request = await bytesOf(stream);
        const path = String(headers[':path']);
        const answered = notes.asked(path, request);
        const call = core.request({ ...headers });
        stream.on('close', () => call.close(constants.NGHTTP2_CANCEL));
        let trailers: IncomingHttpHeaders = {};
        call.on('trailers', (given: IncomingHttpHeaders) => (trailers = given));
        const response = new Promise<[IncomingHttpHeaders, number]>((resolve, reject) => {
          call.on('response', (given: IncomingHttpHeaders, flags: number) => resolve([given, flags]));
          call.on('error', reject);
          call.on('close', () => reject(new Error('the core gave no answer')));
        });
        call.end(request);
        const [given, flags] = await response;
        const isOver = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
        const reply = isOver ? Buffer.alloc(0) : await bytesOf(call);
        if (stream.destroyed) return;
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        stream.respond(given, { endStream: isOver, waitForTrailers: !isOver });
        if (!isOver) stream.end(reply);
        answered(reply);
      })().catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
  }
}

/** A reading, and the process that its poller was told of after it. */
type Pending = Reading & { marker: string | undefined };

/** What was said on one connection, and so by one process. Somebody may claim it anew while it lasts. */
class SessionNotes {
  private readonly pending: Pending[] = [];
  private readonly own: Reading[] = [];
  /** Questions about the process that are not answered yet. */
  private questions = 0;

  constructor(private readonly notes: CounterNotes) {}

  /** Notes a call; what it returns notes the answer. */
  asked(path: string, request: Buffer): (reply: Buffer) => void {
    const begun = Date.now();
    if (path === GetSysStats.path) {
      this.questions++;
      return () => {
        this.questions--;
        this.confirm(begun);
      };
    }
    if (path !== QueryStats.path) return () => undefined;
    const { pattern } = QueryStats.requestDeserialize(request.subarray(FRAME));
    const isQuestion = pattern !== '';
    if (isQuestion) this.questions++;
    return (reply) => {
      const values = decodeCounters(reply.subarray(FRAME), 'outbound');
      const marker = readMarkers(values.keys()).process;
      if (marker !== undefined) this.notes.meet(marker);
      if (isQuestion) {
        this.questions--;
        for (const reading of this.pending) if (reading.at <= begun) reading.marker ??= marker;
      } else {
        const own = [...values].filter(([tag]) => !tag.startsWith(MARKER_PREFIX));
        this.note('outbound', new Map(own), marker);
        this.note('user', decodeCounters(reply.subarray(FRAME), 'user'), marker);
      }
    };
  }

  /** The core is gone. */
  end(): void {
    // A poller's other questions look like those that belong to a reading, which may have been on their way.
    const since = Date.now() - (this.questions > 0 ? 5_000 : 1_000);
    for (const reading of this.own) if ((reading.completeAt ?? 0) > since) reading.isDoubtful = true;
  }

  private note(of: Reading['of'], values: ReadonlyMap<string, Traffic>, marker: string | undefined): void {
    const reading = { of, values, at: Date.now(), completeAt: undefined, isDoubtful: false, marker };
    this.own.push(reading);
    this.pending.push(reading);
  }

  /** The process was asked for at `begun` and has answered. */
  private confirm(begun: number): void {
    for (const reading of [...this.pending]) {
      if (reading.marker === undefined || reading.at > begun) continue;
      this.pending.splice(this.pending.indexOf(reading), 1);
      reading.completeAt = Date.now();
      this.notes.add(reading.marker, reading);
    }
  }
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
