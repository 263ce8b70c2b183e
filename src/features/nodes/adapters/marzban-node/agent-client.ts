import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreError } from '../../../../xray/grpc/index.js';
import { CoreRefused } from '../core-connection.js';
import { type Endpoint, hostPort } from '../../endpoint.js';
import { explain, notAnAgent } from './agent-errors.js';
import { type AgentTrust, connectPinned } from './pinned-tls.js';

/** Answers are short; a log line of the core is the longest thing in them. */
const MAX_ANSWER_BYTES = 64 * 1024;
const REFUSAL_MS = 1_000;
const QUESTION_MS = 3_000;
const COMMAND_MS = 5_000;
/** The agent takes three seconds for each start, however fast the core is. */
const START_MS = 20_000;
const START_MS_PER_MEBIBYTE = 1_000;

/** What an agent says of itself. */
export interface AgentState {
  /** Whether someone has a session with it. */
  connected: boolean;
  started: boolean;
  /** Null when the agent cannot read it. */
  coreVersion: string | null;
}

interface Answer {
  status: number;
  body: unknown;
}

/**
 * The REST control of a Marzban-node. Each call has a connection of its own, which an idle one would not outlive by much,
 * and a deadline. Failures are `CoreError`s whose messages say what to do.
 * Source: Marzban-node v0.3.0 to v0.3.7, `rest_service.py`.
 */
export class AgentClient {
  constructor(
    private readonly endpoint: Endpoint,
    private readonly trust: AgentTrust,
  ) {}

  async state(signal: AbortSignal): Promise<AgentState> {
    return this.readState(await this.ask('/', {}, QUESTION_MS, signal));
  }

  /** Whether the session is the one that the agent has. */
  async ping(sessionId: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.post('/ping', { session_id: sessionId }, QUESTION_MS, signal);
    if (answer.status === 403) return false;
    this.requireSuccess(answer);
    return true;
  }

  /** Begins a session, which ends that of anybody else and the core that was started in it. Returns its id. */
  async connect(signal: AbortSignal): Promise<string> {
    const body = await this.ask('/connect', {}, COMMAND_MS, signal);
    const { session_id: sessionId } = body as { session_id?: unknown };
    if (typeof sessionId !== 'string' || !UUID.test(sessionId)) {
      throw notAnAgent(this.endpoint, 'it gave no session');
    }
    return sessionId;
  }

  /** @throws CoreRefused with the words of the core; AlreadyStarted, of `/start` */
  async start(
    path: '/start' | '/restart',
    { sessionId, config }: { sessionId: string; config: () => AsyncIterable<Buffer> },
    signal: AbortSignal,
  ): Promise<AgentState> {
    const answer = await this.post(path, startRequest(sessionId, config()), START_MS, signal);
    if (answer.status === 503) throw refusal(detailOf(answer));
    this.requireSuccess(answer);
    return this.readState(answer.body);
  }

  /** Ends the core and the session, whosever it is. */
  async disconnect(signal: AbortSignal): Promise<void> {
    await this.ask('/disconnect', {}, COMMAND_MS, signal);
  }

  private async ask(path: string, body: object, limitMs: number, signal: AbortSignal): Promise<unknown> {
    const answer = await this.post(path, body, limitMs, signal);
    this.requireSuccess(answer);
    return answer.body;
  }

  /** A body of any length may be sent piece by piece; the limit then holds for each of them, and for the answer. */
  private async post(
    path: string,
    body: object | AsyncGenerator<string>,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { endpoint } = this;
    const { socket } = await connectPinned(endpoint, this.trust, signal);
    const patience = new Patience(limitMs);
    const limit = AbortSignal.any([signal, patience.signal]);
    try {
      const call = request({
        createConnection: () => socket,
        method: 'POST',
        path,
        headers: { host: hostPort(endpoint), 'content-type': 'application/json', connection: 'close' },
        signal: limit,
      });
      const answered = answerOf(call, endpoint);
      if (Symbol.asyncIterator in body)
        send(call, body, patience).catch((error: Error) => call.destroy(error));
      else call.end(JSON.stringify(body));
      return await answered;
    } catch (error) {
      if (error instanceof CoreError) throw error;
      const reason: unknown = limit.aborted ? limit.reason : await this.refusalOfTls(error, limit);
      throw explain(reason, { endpoint, signal, isConnected: true, seconds: limitMs / 1000 });
    } finally {
      patience.end();
      socket.destroy();
    }
  }

  /**
   * What an agent has against our certificate comes after the handshake, and is lost when it hangs up on a request that
   * it has not read. So it is asked again, without one: whoever hangs up then does so for the certificate.
   */
  private async refusalOfTls(error: unknown, signal: AbortSignal): Promise<unknown> {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') return error;
    const { socket } = await connectPinned(this.endpoint, this.trust, signal);
    try {
      return await Promise.race([
        new Promise<unknown>((resolve) =>
          socket
            .once('error', resolve)
            .once('close', () => resolve(CERTIFICATE_REFUSED))
            .resume(),
        ),
        sleep(REFUSAL_MS, error, { signal }).catch(() => error),
      ]);
    } finally {
      socket.destroy();
    }
  }

  private requireSuccess(answer: Answer): void {
    if (answer.status === 200) return;
    const detail = detailOf(answer);
    if (detail === undefined || answer.status === 404) {
      throw notAnAgent(this.endpoint, `it answered with status ${answer.status}`);
    }
    throw new CoreError('other', `the node answered ${answer.status}: ${detail}`);
  }

  private readState(body: unknown): AgentState {
    const { connected, started, core_version: version } = (body ?? {}) as Record<string, unknown>;
    if (typeof connected !== 'boolean' || typeof started !== 'boolean') {
      throw notAnAgent(this.endpoint, 'its answer is of another kind');
    }
    return { connected, started, coreVersion: typeof version === 'string' ? version : null };
  }
}

const CERTIFICATE_REFUSED = Object.assign(new Error('hung up after the handshake'), {
  code: 'ERR_SSL_CLIENT_CERTIFICATE',
});

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A core runs already, so the agent started none. */
export class AlreadyStarted extends CoreError {
  constructor() {
    super('other', 'Xray is started already');
  }
}

function refusal(detail: string | undefined): Error {
  if (detail === 'Xray is started already') return new AlreadyStarted();
  // What the agent's own system has against it is no fault of the config.
  if (detail?.startsWith('[Errno ')) return new CoreError('other', `the node cannot run Xray: ${detail}`);
  return new CoreRefused(
    detail || 'Xray ended at its start without a word; the log on the node may tell more',
  );
}

/** An error's own words; undefined when it is none of an agent's. */
function detailOf({ body }: Answer): string | undefined {
  const { detail } = (body ?? {}) as { detail?: unknown };
  if (detail === undefined) return undefined;
  return typeof detail === 'string' ? detail : JSON.stringify(detail);
}

/** The body of a start: the text of the config is a text inside its JSON. */
async function* startRequest(sessionId: string, config: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
  yield `{"session_id":${JSON.stringify(sessionId)},"config":"`;
  for await (const chunk of config) yield quoted(decoder.write(chunk));
  yield `${quoted(decoder.end())}"}`;
}

/** Sends a body no faster than it is taken. */
async function send(call: ClientRequest, body: AsyncGenerator<string>, patience: Patience): Promise<void> {
  let characters = 0;
  for await (const part of body) {
    characters += part.length;
    if (!call.write(part)) await once(call, 'drain', { signal: patience.signal });
    patience.renew();
  }
  call.end();
  // Then the agent reads all of it, and so does the core.
  patience.renew(Math.ceil(characters / 2 ** 20) * START_MS_PER_MEBIBYTE);
}

/** Ends a call that makes no progress for so long. */
class Patience {
  private readonly aborter = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limitMs: number) {
    this.renew();
  }

  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  renew(extraMs = 0): void {
    clearTimeout(this.timer);
    const late = () => this.aborter.abort(new DOMException('no progress', 'TimeoutError'));
    this.timer = setTimeout(late, this.limitMs + extraMs);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

async function answerOf(call: ClientRequest, endpoint: Endpoint): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) {
      throw notAnAgent(endpoint, `it answered with more than ${MAX_ANSWER_BYTES / 1024} KiB`);
    }
    chunks.push(chunk);
  }
  const status = response.statusCode ?? 0;
  try {
    return { status, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown };
  } catch {
    const type = response.headers['content-type'] ?? 'no type';
    throw notAnAgent(endpoint, `it answered with status ${status} and ${type} instead of JSON`);
  }
}
