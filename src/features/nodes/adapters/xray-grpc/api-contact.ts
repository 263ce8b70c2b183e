import { connect as connectPlain, isIP, isIPv6, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { within } from '../../../../shared/scheduling/within.js';
import { CoreError } from '../../../../xray/grpc/index.js';
import type { ClientCertificate } from '../../identity/client-certificate.js';
import { certificatesOf } from '../../api-access.js';
import type { ApiAccess } from '../../node.js';
import { isPrivateAddress } from '../../private-address.js';
import { type Endpoint, hostPort } from '../../endpoint.js';
import { addressesOf, firstToAnswer, type Resolve, resolveAll } from '../first-to-answer.js';
import { explainContact } from './api-errors.js';

const CONTACT_MS = 5_000;
/** Servers of gRPC speak first. One that does not may wait for a word. */
const LISTEN_MS = 500;
/** Sent where no name is known. Addresses are no names in TLS. */
const NO_NAME = 'xray';
/** What a client of HTTP/2 begins with: the preface and empty settings. */
const GREETING = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const FRAME_HEAD = 9;
const SETTINGS = 4;

/** How calls get to an API that has been seen to answer: to this very address, whatever its name stands for later. */
export interface ApiContact {
  target: string;
  credentials: ChannelCredentials;
  options: object;
  /** One more connection like theirs. */
  dial: () => Socket;
}

interface Tls {
  context: SecureContext;
  name: string;
  check: (name: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * Looks for Xray's API at each address of the node until one answers. What gRPC says of a failed connection would tell an
 * operator little, so a greeting is exchanged first, over the same TLS. @throws CoreError that says what to do
 */
export async function findApi(
  endpoint: Endpoint,
  access: ApiAccess,
  identity: ClientCertificate,
  signal: AbortSignal,
  resolve: Resolve = resolveAll,
): Promise<ApiContact> {
  if (endpoint.host === '') throw new CoreError('other', 'the node has no address');
  const limit = within(CONTACT_MS, signal);
  let failure: unknown;
  try {
    const tls = access.apiTls === 'off' ? undefined : tlsOf(endpoint, access, identity);
    const addresses = allowedOf(endpoint, access, await addressesOf(endpoint.host, limit, resolve));
    const found = await firstToAnswer(addresses, limit, async (address, until) => {
      await greet(address, endpoint.port, tls, until);
      return address;
    });
    return contact(found, endpoint.port, tls);
  } catch (error) {
    failure = error;
  }
  if (signal.aborted) throw new CoreError('aborted', 'The call was given up', { cause: failure });
  throw explainContact(failure, { endpoint, tls: access.apiTls });
}

/** The addresses that may be connected to. Without TLS none of the internet: anybody on the way could command the core. */
function allowedOf({ host }: Endpoint, { apiTls }: ApiAccess, found: string[]): string[] {
  if (apiTls !== 'off') return found;
  const allowed = found.filter(isPrivateAddress);
  if (allowed.length > 0) return allowed;
  const what = found.includes(host) ? host : `${host} (${found.join(', ')})`;
  throw new CoreError(
    'other',
    `${what} is a public address, where Xray's API must not be used without TLS: give it a certificate and set api_tls to "verify", or reach it over a private network`,
  );
}

function tlsOf({ host }: Endpoint, access: ApiAccess, identity: ClientCertificate): Tls {
  const { apiCaCertificate: ca, apiServerName } = access;
  const name = apiServerName ?? host;
  const trusted = ca === null ? [] : certificatesOf(ca).map(({ fingerprint256 }) => fingerprint256);
  return {
    context: createSecureContext({
      // A certificate that was given is trusted without whoever signed it.
      ...(ca === null ? {} : { ca, allowPartialTrustChain: true }),
      key: identity.key,
      cert: identity.certificate,
    }),
    name: isIP(name) === 0 ? name : NO_NAME,
    // The very certificate that an operator gave needs no name.
    check: (_, shown) =>
      trusted.includes(shown.fingerprint256) ? undefined : checkServerIdentity(name, shown),
  };
}

/** Says hello in HTTP/2 and waits for the answer that every server of it gives. */
async function greet(address: string, port: number, tls: Tls | undefined, limit: AbortSignal): Promise<void> {
  limit.throwIfAborted();
  const place = { host: address, port };
  const socket = dial(place, tls);
  let isConnected = false;
  let speaking: NodeJS.Timeout | undefined;
  const giveUp = () => socket.destroy(isConnected ? noAnswer(place) : (limit.reason as Error));
  limit.addEventListener('abort', giveUp, { once: true });
  try {
    const head = await new Promise<Buffer>((resolveHead, reject) => {
      let heard = Buffer.alloc(0);
      socket.once('connect', () => (isConnected = true));
      // A server that wants another certificate says so once TLS stands, and whoever writes before may not get to read it.
      const greeting = () => (speaking = setTimeout(() => socket.write(GREETING), tls ? LISTEN_MS : 0));
      socket.once(tls ? 'secureConnect' : 'connect', greeting);
      socket.once('error', reject).once('close', () => reject(new Error('the connection was closed')));
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        if (heard.length >= FRAME_HEAD) resolveHead(heard);
      });
    });
    if (head[3] !== SETTINGS) {
      throw new CoreError(
        'other',
        `${hostPort(place)} is not Xray's API: what answers there does not speak gRPC; check address and api_port of the node`,
      );
    }
  } finally {
    clearTimeout(speaking);
    limit.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}

function dial(place: Endpoint, tls: Tls | undefined): Socket {
  if (!tls) return connectPlain(place);
  return connectTls({
    ...place,
    servername: tls.name,
    secureContext: tls.context,
    checkServerIdentity: tls.check,
    ALPNProtocols: ['h2'],
  });
}

function noAnswer(place: Endpoint): CoreError {
  return new CoreError(
    'timeout',
    `${hostPort(place)} takes connections but does not answer in 5 s; is it Xray's API, and does its routing lead from the API inbound there?`,
  );
}

function contact(address: string, port: number, tls: Tls | undefined): ApiContact {
  const target = isIPv6(address) ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`;
  const another = () => dial({ host: address, port }, tls);
  if (!tls) return { target, credentials: credentials.createInsecure(), options: {}, dial: another };
  return {
    target,
    dial: another,
    credentials: credentials.createFromSecureContext(tls.context, { checkServerIdentity: tls.check }),
    options: { 'grpc.ssl_target_name_override': tls.name },
  };
}
