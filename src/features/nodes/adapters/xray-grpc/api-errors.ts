import { CoreError } from '../../../../xray/grpc/index.js';
import type { ApiTls } from '../../node.js';
import { type Endpoint, hostPort } from '../../endpoint.js';

/** What a peer said, or did, that stopped a connection to Xray's API before any call, in words that tell what to do. */
export function explainContact(
  error: unknown,
  { endpoint, tls }: { endpoint: Endpoint; tls: ApiTls },
): CoreError {
  const where = hostPort(endpoint);
  const { code = '', name, message } = error as NodeJS.ErrnoException;
  const failure = (kind: 'unavailable' | 'timeout' | 'other', text: string) =>
    new CoreError(kind, text, { cause: error });
  if (error instanceof CoreError) return error;
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') {
    return failure('timeout', `${where} cannot be reached in 5 s; check address, api_port and firewall`);
  }
  if (NO_WAY.test(code)) {
    return failure(
      'unavailable',
      `${where} cannot be reached (${code}); check address, api_port and firewall`,
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
      `connect ECONNREFUSED ${where}; does Xray run there, with its API on this port (api_port)?`,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return failure(
      'other',
      `the certificate of ${where} is for another name (${message}); set api_server_name to one it is for, or give it as api_ca_certificate`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return failure('other', `the certificate of ${where} is not valid at this time (${message})`);
  }
  if (CERTIFICATE.test(code)) {
    return failure(
      'other',
      `the certificate of ${where} is from nobody known here (${message}); give it, or that of its authority, as api_ca_certificate`,
    );
  }
  if (
    /^ERR_SSL_.*ALERT_(CERTIFICATE|UNKNOWN_CA|BAD_CERT|HANDSHAKE)|^ERR_SSL_.*HANDSHAKE_FAILURE/.test(code)
  ) {
    return failure(
      'other',
      `${where} does not accept the certificate of this service; it has to trust that of GET /api/node/settings, or give the node one of its own (api_client_certificate)`,
    );
  }
  if (/^ERR_SSL|^EPROTO/.test(code)) {
    return failure(
      'other',
      `${where} does not speak TLS (${code}); set api_tls to "off" if that is meant, which is for private networks only`,
    );
  }
  const hint =
    tls === 'off'
      ? 'does it want TLS (api_tls), or does its routing not lead from the API inbound there?'
      : 'does it trust the certificate of this service (that of GET /api/node/settings, or api_client_certificate), and does its routing lead from the API inbound there?';
  return failure('unavailable', `${where} hung up (${code || message}); ${hint}`);
}

/** What the network says of a place that no packet gets to. */
const NO_WAY = /^E(HOST|NET)(UNREACH|DOWN)$|^EADDRNOTAVAIL$/;

const CERTIFICATE = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|ERR_TLS_CERT/;

/** What servers that are not of gRPC make of a call, in the words of its library. */
const NO_GRPC = /^Received HTTP status code|Call ended without gRPC status/;

/** A first call that failed, as what is missing there. */
export function explainMissing(error: unknown): unknown {
  if (!(error instanceof CoreError)) return error;
  const { message } = error;
  if (error.code !== 'unsupported' && !NO_GRPC.test(message)) return error;
  const service = /unknown service \S*?(HandlerService|StatsService)/.exec(message)?.[1];
  const isOld = /unknown method/.test(message);
  return new CoreError(
    'other',
    service !== undefined
      ? `Xray there has no ${service}; its api.services need HandlerService and StatsService`
      : isOld
        ? `Xray there is too old to tell what its inbounds are (${message}); 25.6.7 or newer is needed`
        : `what answers there is not Xray's API (${message}); check address and api_port of the node`,
    { cause: error },
  );
}
