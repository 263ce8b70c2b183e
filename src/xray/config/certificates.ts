import { X509Certificate } from 'node:crypto';

const NAME = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/**
 * The host names and addresses of the first certificate in `pem`, in order.
 * @throws Error when there is no readable certificate
 */
export function alternativeNames(pem: string): string[] {
  const names = new X509Certificate(pem).subjectAltName ?? '';
  return [...names.matchAll(NAME)].map(([, , name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
}
