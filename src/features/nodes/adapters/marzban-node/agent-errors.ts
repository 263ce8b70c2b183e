import { CoreError } from '../../../../xray/grpc/index.js';
import { type Endpoint, hostPort } from '../../endpoint.js';

/** The circumstances of a failed call. */
interface Failure {
  endpoint: Endpoint;
  /** Of the caller, who may have given the call up. */
  signal: AbortSignal;
  /** Whether TLS was established. */
  isConnected: boolean;
  /** How long was waited. */
  seconds: number;
}

const NOT_REST =
  'the node does not speak REST; set SERVICE_PROTOCOL=rest on it (Marzban-node v0.3.0 or newer)';
const UNTRUSTED =
  "the node does not accept this service's certificate; put the certificate of GET /api/node/settings into the file " +
  'SSL_CLIENT_CERT_FILE of the node and restart the node';

/** What stopped a connection to an agent, in words that tell an operator what to do. */
export function explain(error: unknown, { endpoint, signal, isConnected, seconds }: Failure): CoreError {
  const where = hostPort(endpoint);
  const { code = '', name, message } = error as NodeJS.ErrnoException;
  const failure = (kind: 'unavailable' | 'timeout' | 'aborted' | 'other', text: string) =>
    new CoreError(kind, text, { cause: error });
  if (signal.aborted) return failure('aborted', 'The call was given up');
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') {
    return isConnected
      ? failure(
          'timeout',
          `${where} took the connection but gave no answer in ${seconds} s; if it goes on: ${NOT_REST}`,
        )
      : failure(
          'timeout',
          `${where} cannot be reached in ${seconds} s; check address, port and firewall of the node`,
        );
  }
  if (/^ERR_SSL_.*(CERTIFICATE|UNKNOWN_CA|BAD_CERT)|^ERR_SSL_.*HANDSHAKE_FAILURE/.test(code)) {
    return failure('other', UNTRUSTED);
  }
  if (/^ERR_SSL|^EPROTO/.test(code)) {
    return failure('other', `${where} does not speak TLS; is the port that of Marzban-node (SERVICE_PORT)?`);
  }
  if (/^E(HOST|NET)(UNREACH|DOWN)$|^EADDRNOTAVAIL$/.test(code)) {
    return failure(
      'unavailable',
      `${where} cannot be reached (${code}); check address, port and firewall of the node`,
    );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return failure(
      'unavailable',
      `the name ${endpoint.host} is not known (${code}); check the address of the node`,
    );
  }
  if (code === 'ECONNREFUSED') {
    return failure(
      'unavailable',
      `connect ECONNREFUSED ${where}; does Marzban-node run there, on this port?`,
    );
  }
  if (code.startsWith('HPE_'))
    return failure('other', `${where} does not answer in HTTP (${code}): ${NOT_REST}`);
  // After TLS was agreed upon, an agent that speaks another protocol hangs up without a word.
  if (isConnected) return failure('other', `${where} hung up (${code || message}): ${NOT_REST}`);
  return failure('unavailable', `${where}: ${message}`);
}

/** Something answered that is no agent. */
export function notAnAgent(endpoint: Endpoint, what: string): CoreError {
  return new CoreError(
    'other',
    `${hostPort(endpoint)} is not a Marzban-node (${what}); check address and port of the node`,
  );
}
