import {
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
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

/**
 * Between the service and the API of a core, with the certificate of its agent: hands on every call and takes down what
 * the core says of its counters, for each process by its marker.
 */
export class CounterRelay {
  readonly readings = new Map<string, Reading[]>();
  private readonly sessions = new Set<ServerHttp2Session>();

  private constructor(
    private readonly server: Http2SecureServer,
    private readonly target: number,
  ) {}

  static async before(target: number, { certificate, key }: Certificate): Promise<CounterRelay> {
    const server = createSecureServer({ cert: certificate, key });
    const relay = new CounterRelay(server, target);
    server.on('session', (session: ServerHttp2Session) => relay.serve(session));
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  of(marker: string, of: Reading['of']): Reading[] {
    return (this.readings.get(marker) ?? []).filter((reading) => reading.of === of);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(session: ServerHttp2Session): void {
    this.sessions.add(session);
    const core = connect(`https://127.0.0.1:${this.target}`, { rejectUnauthorized: false });
    const notes = new SessionNotes(this.readings);
    core.on('error', () => session.destroy());
    core.on('close', () => {
      notes.end();
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

/** What was said on one connection, and so by one process. */
class SessionNotes {
  private marker: string | undefined;
  private readonly pending: (Reading & { isMarked: boolean })[] = [];
  private readonly own: Reading[] = [];
  /** Questions about the process that are not answered yet. */
  private questions = 0;

  constructor(private readonly readings: Map<string, Reading[]>) {}

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
    if (pattern === 'user>>>') {
      return (reply) => this.note('user', decodeCounters(reply.subarray(FRAME), 'user'), false);
    }
    const isQuestion = pattern !== 'outbound>>>';
    if (isQuestion) this.questions++;
    return (reply) => {
      const values = decodeCounters(reply.subarray(FRAME), 'outbound');
      this.marker ??= readMarkers(values.keys()).process;
      if (isQuestion) {
        this.questions--;
        for (const reading of this.pending) reading.isMarked ||= reading.at <= begun;
      } else {
        const own = [...values].filter(([tag]) => !tag.startsWith(MARKER_PREFIX));
        this.note('outbound', new Map(own), true);
      }
    };
  }

  /** The core is gone. */
  end(): void {
    // A poller's other questions look like those that belong to a reading, which may have been on their way.
    const since = Date.now() - (this.questions > 0 ? 5_000 : 1_000);
    for (const reading of this.own) if ((reading.completeAt ?? 0) > since) reading.isDoubtful = true;
  }

  private note(of: Reading['of'], values: ReadonlyMap<string, Traffic>, isMarked: boolean): void {
    const reading = { of, values, at: Date.now(), completeAt: undefined, isDoubtful: false, isMarked };
    this.own.push(reading);
    this.pending.push(reading);
  }

  /** The process was asked for at `begun` and has answered. */
  private confirm(begun: number): void {
    if (this.marker === undefined) return;
    for (const reading of [...this.pending]) {
      if (!reading.isMarked || reading.at > begun) continue;
      this.pending.splice(this.pending.indexOf(reading), 1);
      reading.completeAt = Date.now();
      const all = this.readings.get(this.marker) ?? [];
      this.readings.set(this.marker, all);
      all.push(reading);
    }
  }
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
