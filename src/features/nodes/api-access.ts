import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { InvalidInput } from '../../shared/domain/errors.js';
import { endpointOf } from './endpoint.js';
import { type ApiAccess, DEFAULT_ACCESS, type NodeKind } from './node.js';
import { isPrivateAddress } from './private-address.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in its order. @throws when one cannot be read */
export function certificatesOf(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
}

/** What is wrong with a text that should hold certificates. Empty removes them. */
export function refuseCertificates(pem: string): string | undefined {
  try {
    if (pem === '' || certificatesOf(pem).length > 0) return undefined;
  } catch {
    // told below
  }
  return 'must hold certificates in PEM';
}

/** What is wrong with a text that should hold a private key. Empty removes it. */
export function refusePrivateKey(pem: string): string | undefined {
  try {
    if (pem !== '') createPrivateKey(pem);
    return undefined;
  } catch {
    return 'must be a private key in PEM, without a passphrase';
  }
}

/** The fields by which operators say how the API is reached. */
const FIELDS: Record<keyof ApiAccess, string> = {
  apiTls: 'api_tls',
  apiServerName: 'api_server_name',
  apiCaCertificate: 'api_ca_certificate',
  apiClientCertificate: 'api_client_certificate',
};

/** What an operator wants of a node's client certificate. */
interface ClientCertificateChange {
  /** Whether it is another one than before. */
  isOther: boolean;
  /** Null removes it; undefined leaves it alone. */
  key: string | null | undefined;
}

/** @throws InvalidInput when the API of this node cannot be reached as it says */
export function assertReachable(
  node: ApiAccess & { kind: NodeKind; address: string },
  { isOther, key }: ClientCertificateChange,
): void {
  if (node.kind !== 'xray_grpc') {
    const keys = Object.keys(FIELDS) as (keyof ApiAccess)[];
    const odd = keys.find((setting) => node[setting] !== DEFAULT_ACCESS[setting]);
    const field = odd ? FIELDS[odd] : key ? 'api_client_key' : undefined;
    if (field) throw InvalidInput.value(field, 'is for nodes of the kind xray_grpc only');
    return;
  }
  const { host } = endpointOf(node.address, 1);
  if (node.apiTls === 'off' && isIP(host) !== 0 && !isPrivateAddress(host)) {
    throw InvalidInput.value(
      'api_tls',
      `must not be off for the public address ${host}: whoever is on the way there could command that Xray`,
    );
  }
  // Left alone together, or given together, or removed together.
  const isPair = key === undefined ? !isOther : (key === null) === (node.apiClientCertificate === null);
  if (!isPair) throw InvalidInput.value('api_client_key', 'must come together with api_client_certificate');
  if (node.apiClientCertificate === null || !key) return;
  const [own] = certificatesOf(node.apiClientCertificate);
  if (!own!.checkPrivateKey(createPrivateKey(key))) {
    throw InvalidInput.value('api_client_key', 'does not belong to api_client_certificate');
  }
}
