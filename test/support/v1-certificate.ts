import { createSign, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Certificate } from './certificates.js';

const DAY_MS = 86_400_000;

/**
 * One for all, made beside other work: it takes seconds on a busy machine, in which a service in this process could neither
 * keep its leases nor its connections.
 */
const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });

/**
 * A certificate of the form that Marzban-node makes for itself: X.509 version 1, signed by itself, a common name and
 * nothing else; each is another one by its number. By hand, since libraries write version 3 only.
 */
export function v1Certificate(name = 'Gozargah'): Certificate {
  const algorithm = sequence(objectId('2a864886f70d01010d'), Buffer.from('0500', 'hex')); // sha512WithRSAEncryption
  const commonName = sequence(objectId('550403'), der(0x0c, Buffer.from(name)));
  const subject = sequence(der(0x31, commonName));
  const validity = sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS));
  const body = sequence(
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    subject,
    validity,
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('sha512').update(body).sign(privateKey);
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function time(at: number): Buffer {
  const text = new Date(at)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, '')
    .slice(2);
  return der(0x17, Buffer.from(text));
}
