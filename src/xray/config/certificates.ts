import { X509Certificate } from 'node:crypto';

const NAME = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

const COMMON_NAME = /^CN=(.*)$/m;

/** What clients may have to know of a certificate. */
export interface CertificateFacts {
  /** Host names and addresses, in order. */
  names: string[];
  /** The name of its subject, as old certificates have it in the place of the others. */
  commonName: string | undefined;
  /** In lower-case hexadecimal. */
  sha256: string;
  /** It is signed with its own key, so nobody trusts it who was not told to. */
  isSelfSigned: boolean;
}

/**
 * The facts of the first certificate in `pem`.
 * @throws Error when there is no readable certificate
 */
export function certificateFacts(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  return {
    names: alternativeNames(certificate.subjectAltName ?? ''),
    commonName: COMMON_NAME.exec(certificate.subject)?.[1],
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    isSelfSigned: certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey),
  };
}

function alternativeNames(names: string): string[] {
  return [...names.matchAll(NAME)].map(([, , name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
}
