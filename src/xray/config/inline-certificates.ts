import { isObject, object, text } from './json.js';
import type { JsonObject, JsonValue } from './types.js';

/** `inbound` with the contents of its TLS files instead of their paths, as a core on another machine needs it. */
export function inlineCertificates<T extends JsonObject>(inbound: T, readFile: (path: string) => string): T {
  const stream = object(inbound.streamSettings);
  const settings = object(stream.tlsSettings);
  if (!Array.isArray(settings.certificates)) return inbound;
  const certificates = settings.certificates.map((certificate) => inline(certificate, readFile));
  return { ...inbound, streamSettings: { ...stream, tlsSettings: { ...settings, certificates } } };
}

function inline(certificate: JsonValue, readFile: (path: string) => string): JsonValue {
  if (!isObject(certificate)) return certificate;
  const { certificateFile, keyFile, ...rest } = certificate;
  return {
    ...rest,
    ...(text(certificateFile) && { certificate: lines(readFile(text(certificateFile))) }),
    ...(text(keyFile) && { key: lines(readFile(text(keyFile))) }),
  };
}

function lines(content: string): string[] {
  return content
    .trim()
    .split('\n')
    .map((line) => line.trim());
}
