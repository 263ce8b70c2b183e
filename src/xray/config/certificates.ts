import { X509Certificate } from 'node:crypto';

const NAME = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** What clients may have to know of a certificate. */
export interface CertificateFacts {
  /** Host names and addresses, in order. */
  names: string[];
  /** In lower-case hexadecimal. */
  sha256: string;
}

/**
 * The facts of the first certificate in `pem`.
 * @throws Error when there is no readable certificate
 */
export function certificateFacts(pem: string): CertificateFacts {
  const { subjectAltName, fingerprint256 } = new X509Certificate(pem);
  return {
    names: alternativeNames(subjectAltName ?? ''),
    sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function alternativeNames(names: string): string[] {
  return [...names.matchAll(NAME)].map(([, , name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
}
