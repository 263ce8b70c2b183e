import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../support/app.js';
import { type Certificate, createAuthority, selfSigned } from '../../support/certificates.js';
import { direct } from '../../support/core-configs.js';
import { eventually } from '../../support/eventually.js';

const NAME = 'server.test';

let app: TestApp;
let folder: string;
let file: string;
let url: string;
let first: Certificate;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'renewed-'));
  file = join(folder, 'certificate.pem');
  first = await selfSigned(NAME);
  await writeFile(file, first.certificate);
  await writeFile(join(folder, 'key.pem'), first.key);
  app = await startApp();
  const certificates = [{ certificateFile: file, keyFile: join(folder, 'key.pem') }];
  const tls = { security: 'tls', tlsSettings: { certificates } };
  const inbound = { tag: 'A', protocol: 'vmess', port: 1, streamSettings: { network: 'tcp', ...tls } };
  await app.sudo.put('/api/core/config', { inbounds: [inbound], outbounds: [direct] });
  const host = { remark: 'r', address: '192.0.2.1', sni: NAME, allowinsecure: true };
  await app.sudo.put('/api/hosts', { A: [host] });
  const user = await app.sudo.post('/api/user', { username: 'alice', proxies: { vmess: {} } });
  url = app.url + (user.json as { subscription_url: string }).subscription_url;
});

afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

const hashOf = ({ certificate }: Certificate) =>
  new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();

async function fetchLink(): Promise<Response> {
  return fetch(url, { headers: { 'user-agent': 'v2rayNG/1.9' } });
}

async function pinNow(): Promise<string | undefined> {
  const link = Buffer.from(await (await fetchLink()).text(), 'base64').toString();
  return (JSON.parse(Buffer.from(link.slice(8), 'base64').toString()) as { pcs?: string }).pcs;
}

/** As tools for certificates do: no reader sees half of it. */
async function renew(content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

it('a renewed certificate is told at the next fetch, and is no longer the same answer', async () => {
  expect(await pinNow()).toBe(hashOf(first));
  const tag = async () => (await fetchLink()).headers.get('etag');
  const before = await tag();
  expect(await tag()).toBe(before);
  const next = await selfSigned(NAME);
  await renew(next.certificate);
  await eventually(async () => (await pinNow()) === hashOf(next));
  expect(await tag()).not.toBe(before);
});

it('a certificate of an authority is told to nobody', async () => {
  const { certificate } = await (await createAuthority()).issue(NAME);
  await renew(certificate);
  await eventually(async () => (await pinNow()) === undefined);
});

it('while a file is broken or away, the last known certificate stays', async () => {
  const known = await selfSigned(NAME);
  await renew(known.certificate);
  await eventually(async () => (await pinNow()) === hashOf(known));
  await renew('-----BEGIN CERTIFICATE-----\nhalf of it');
  for (let i = 0; i < 3; i++) expect(await pinNow()).toBe(hashOf(known));
  await rm(file);
  for (let i = 0; i < 3; i++) expect(await pinNow()).toBe(hashOf(known));
  const next = await selfSigned(NAME);
  await renew(next.certificate);
  await eventually(async () => (await pinNow()) === hashOf(next));
});
