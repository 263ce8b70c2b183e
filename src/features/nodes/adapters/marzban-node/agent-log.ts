import { on } from 'node:events';
import { WebSocket } from 'ws';
import { CoreError } from '../../../../xray/grpc/index.js';
import { type Endpoint, hostPort } from '../../endpoint.js';
import { explain } from './agent-errors.js';
import { type AgentTrust, connectPinned } from './pinned-tls.js';

/** The agent sends what was written meanwhile as one message. */
const INTERVAL_SECONDS = 0.7;
const HANDSHAKE_MS = 5_000;
/** A busy core's lines within the interval. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

/**
 * The log of the core behind an agent, for whoever knows the session; it begins with the last hundred lines.
 * Source: Marzban-node v0.3.7, `rest_service.py` (`logs`).
 */
export async function* agentLog(
  endpoint: Endpoint,
  { trust, sessionId }: { trust: AgentTrust; sessionId: string },
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  const { socket: connection } = await connectPinned(endpoint, trust, signal);
  const socket = new WebSocket(
    `ws://${hostPort(endpoint)}/logs?session_id=${sessionId}&interval=${INTERVAL_SECONDS}`,
    { createConnection: () => connection, handshakeTimeout: HANDSHAKE_MS, maxPayload: MAX_MESSAGE_BYTES },
  );
  const ended = new AbortController();
  const end = () => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  let failure: CoreError | undefined;
  socket.once('close', end).on('error', (error) => {
    failure ??= explain(error, { endpoint, signal, isConnected: true, seconds: HANDSHAKE_MS / 1000 });
    end();
  });
  try {
    for await (const [data] of on(socket, 'message', { signal: ended.signal })) {
      yield String(data)
        .split('\n')
        .filter((line) => line !== '');
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    if (failure && !signal.aborted) throw failure;
  } finally {
    signal.removeEventListener('abort', end);
    socket.terminate();
    connection.destroy();
  }
}
