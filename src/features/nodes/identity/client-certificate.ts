import 'reflect-metadata'; // @peculiar/x509 needs it
import { promisify } from 'node:util';
import { generateKeyPair, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A private key and the certificate for it, both as PEM. */
export interface ClientCertificate {
  certificate: string;
  key: string;
}

/** Agents trust this very certificate; its name is that of Marzban's. */
const NAME = 'CN=Gozargah';
const KEY_BITS = 3072;
const LIFE_MS = 100 * 365 * 86_400_000;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' };

/**
 * A new identity towards nodes: RSA, for the TLS stacks of old agents, and valid for a hundred years, since nodes are
 * told of it by hand.
 */
export async function makeClientCertificate(now: Date): Promise<ClientCertificate> {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const { subtle } = webcrypto;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: NAME,
      serialNumber: serialNumber(),
      notBefore: now,
      notAfter: new Date(now.getTime() + LIFE_MS),
      signingAlgorithm: RSA,
      keys: {
        publicKey: await subtle.importKey('spki', pair.publicKey, RSA, true, ['verify']),
        privateKey: await subtle.importKey('pkcs8', pair.privateKey, RSA, true, ['sign']),
      },
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ],
    },
    webcrypto as Crypto,
  );
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(pair.privateKey, 'PRIVATE KEY')}\n`,
  };
}

/** Positive, as the standard asks. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0]! &= 0x7f;
  bytes[0]! |= 0x40;
  return bytes.toString('hex');
}
