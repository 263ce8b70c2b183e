import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { within } from '../../../../shared/scheduling/within.js';
import { CoreError, XrayClient } from '../../../../xray/grpc/index.js';
import { CERTIFICATE_CHANGED } from '../../domain/certificate-changed.js';
import type { ClientCertificate } from '../../identity/client-certificate.js';
import { type Endpoint, hostPort } from '../../endpoint.js';
import { addressesOf, firstToAnswer, type Resolve, resolveAll } from '../first-to-answer.js';
import { explain } from './agent-errors.js';

const CONNECT_MS = 5_000;

/** Both are PEM. */
export interface AgentTrust {
  /** How the service shows itself. */
  identity: ClientCertificate;
  /** The certificate that the node has to show; undefined takes any. */
  pin: string | undefined;
}

export interface PinnedSocket {
  socket: TLSSocket;
  /** What the agent showed, as PEM. */
  certificate: string;
}

/**
 * A TLS connection to an agent. Names and authorities mean nothing there: agents make their own certificates, all with one
 * name. So the certificate is compared as a whole, before anything is sent.
 * @throws CoreError
 */
export async function connectPinned(
  endpoint: Endpoint,
  { identity, pin }: AgentTrust,
  signal: AbortSignal,
  resolve: Resolve = resolveAll,
): Promise<PinnedSocket> {
  if (endpoint.host === '') throw new CoreError('other', 'the node has no address');
  const limit = within(CONNECT_MS, signal);
  let found: { socket: TLSSocket; shown: X509Certificate };
  try {
    const addresses = await addressesOf(endpoint.host, limit, resolve);
    found = await firstToAnswer(addresses, limit, (address, until) =>
      dial(address, endpoint, identity, until),
    );
  } catch (error) {
    throw explain(error, { endpoint, signal, isConnected: false, seconds: CONNECT_MS / 1000 });
  }
  const { socket, shown } = found;
  if (pin !== undefined && shown.fingerprint256 !== pinned(pin).fingerprint256) {
    socket.destroy();
    throw new CoreError('other', changed(endpoint, pin, shown));
  }
  return { socket, certificate: shown.toString() };
}

async function dial(
  address: string,
  { host, port }: Endpoint,
  identity: ClientCertificate,
  until: AbortSignal,
): Promise<{ socket: TLSSocket; shown: X509Certificate }> {
  const socket = connect({
    host: address,
    port,
    servername: isIP(host) === 0 ? host : undefined,
    secureContext: contextOf(identity),
    rejectUnauthorized: false, // whoever asked compares it
    ALPNProtocols: ['http/1.1'],
  });
  const giveUp = () => socket.destroy(until.reason as Error);
  until.addEventListener('abort', giveUp, { once: true });
  try {
    // At once, for a moment later the socket does not know it any more.
    const shown = await new Promise<X509Certificate>((resolve, reject) => {
      socket.once('secureConnect', () => resolve(socket.getPeerX509Certificate()!)).once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
    return { socket, shown };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    until.removeEventListener('abort', giveUp);
  }
}

/** What a private key is read for takes as long as all else of a handshake, and it is the same for all nodes. */
const contexts = new WeakMap<ClientCertificate, SecureContext>();

function contextOf(identity: ClientCertificate): SecureContext {
  const known = contexts.get(identity);
  if (known) return known;
  const context = createSecureContext({ key: identity.key, cert: identity.certificate });
  contexts.set(identity, context);
  return context;
}

interface Pinned {
  fingerprint256: string;
  /** Made when the node's core is connected to. */
  secureContext: SecureContext | undefined;
}

/** Those of all nodes that a replica works on, and of some it did. */
const MAX_PINNED = 1_000;
/** What was read of pins, by their PEM: each call to an agent compares one. The one used last is the last. */
const readPins = new Map<string, Pinned>();

function pinned(pin: string): Pinned {
  let known = readPins.get(pin);
  if (known) readPins.delete(pin);
  known ??= { fingerprint256: new X509Certificate(pin).fingerprint256, secureContext: undefined };
  readPins.set(pin, known);
  if (readPins.size > MAX_PINNED) readPins.delete(readPins.keys().next().value!);
  return known;
}

/** Agents make their certificates with this name only. */
const AGENT_NAME = 'Gozargah';

/** The way to the gRPC of a node, which shows the certificate of its agent. */
export function pinnedClient({ host, port }: Endpoint, pin: string): XrayClient {
  const known = pinned(pin);
  const { fingerprint256 } = known;
  // A certificate from an authority is trusted without the authority.
  const secureContext = (known.secureContext ??= createSecureContext({
    ca: pin,
    allowPartialTrustChain: true,
  } as SecureContextOptions));
  const checkServerIdentity = (_: string, shown: PeerCertificate) =>
    shown.fingerprint256 === fingerprint256 ? undefined : new Error('the certificate is another one');
  return new XrayClient(
    hostPort({ host, port }),
    credentials.createFromSecureContext(secureContext, { checkServerIdentity }),
    { 'grpc.ssl_target_name_override': AGENT_NAME },
    () =>
      connect({
        host,
        port,
        servername: AGENT_NAME,
        secureContext,
        checkServerIdentity,
        ALPNProtocols: ['h2'],
      }),
  );
}

function changed(endpoint: Endpoint, pin: string, shown: X509Certificate): string {
  const [was, is] = [pinned(pin), shown].map(({ fingerprint256 }) => short(fingerprint256));
  return (
    `${CERTIFICATE_CHANGED} (SHA-256 ${was} → ${is} at ${hostPort(endpoint)}); ` +
    'if you know why, disable and enable the node to accept the new one'
  );
}

/** The first eight bytes, enough to compare by eye. */
function short(fingerprint: string): string {
  return `${fingerprint.replaceAll(':', '').slice(0, 16).toLowerCase()}…`;
}
