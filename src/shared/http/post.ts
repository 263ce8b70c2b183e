import http from 'node:http';
import https from 'node:https';

/** For everything: to connect, to send, and to be answered. */
const LIMIT_MS = 10_000;
/** Once the status is there, the rest of the answer is of little weight. */
const BODY_MS = 2_000;
/** What is read of an answer. */
const MOST_BYTES = 16 * 1024;

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The beginning of the body. */
  text: string;
}

/**
 * Posts to a service that is not trusted: redirects are not followed, and neither its time nor the length of its answer is
 * without limit. Throws, in words for operators, when there is no answer; they hold no path of the address.
 */
export async function post(url: URL, body: string, { agent, headers }: Way): Promise<Answer> {
  try {
    return await once(url, body, { agent, headers });
  } catch (error) {
    if (!(error instanceof ClosedMeanwhile)) throw error;
    return once(url, body, { agent, headers });
  }
}

interface Way {
  agent: http.Agent;
  headers: Record<string, string>;
}

/** The service closed the idle connection just when it was used again. */
class ClosedMeanwhile extends Error {}

function once(url: URL, body: string, { agent, headers }: Way): Promise<Answer> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((answered, failed) => {
    const sent = request(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    const late = () => sent.destroy(new Error(`No answer within ${LIMIT_MS / 1000} s`));
    const limit = setTimeout(late, LIMIT_MS);
    let isAnswered = false;
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (isAnswered) return; // before it had read everything
      clearTimeout(limit);
      const isStale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      failed(isStale ? new ClosedMeanwhile() : new Error(wordsOf(error), { cause: error }));
    });
    sent.on('response', (response) => {
      isAnswered = true;
      clearTimeout(limit);
      const { statusCode, headers: told } = response;
      void beginningOf(response).then((text) => answered({ status: statusCode!, headers: told, text }));
    });
    sent.end(body);
  });
}

/** An error of several addresses of one name has no words of its own. */
const wordsOf = ({ message, code }: NodeJS.ErrnoException) => message || code || 'No connection';

/** What comes of an answer in time. One that ends leaves its connection to be used again. */
function beginningOf(response: http.IncomingMessage): Promise<string> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = () => {
      clearTimeout(limit);
      if (!response.complete) response.destroy();
      done(Buffer.concat(chunks).subarray(0, MOST_BYTES).toString());
    };
    const limit = setTimeout(end, BODY_MS);
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) end();
    });
    response.on('end', end).on('error', end).on('close', end);
  });
}

/** What {@link post} is told of a body in JSON. */
export const JSON_BODY = { 'content-type': 'application/json' };
