import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InstallOptions, installXray, XRAY_VERSION } from '../../src/xray/install/install-xray.js';

/** A program that says it is Xray. */
const program = (version = XRAY_VERSION) =>
  `#!/bin/sh\necho "Xray ${version} (Xray, Penetrates Everything.)"\n`;
const archive = zipSync({
  xray: strToU8(program()),
  'geoip.dat': strToU8('geo'),
  'README.md': strToU8('read me'),
});
const digestOf = (bytes: Uint8Array) =>
  `MD5= 00\nSHA2-256= ${createHash('sha256').update(bytes).digest('hex')}\n`;

let dataDir: string;
let server: Server;
let releases: string;
let served: Record<string, Uint8Array | string>;
let lines: string[];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'margrave-install-'));
  served = { zip: archive, dgst: digestOf(archive) };
  lines = [];
  server = createServer((request, response) => {
    const body = served[request.url!.split('.').at(-1)!];
    if (!request.url!.startsWith(`/v${XRAY_VERSION}/Xray-`) || body === undefined) response.statusCode = 404;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const install = (options: Partial<InstallOptions> = {}) =>
  installXray({
    dataDir,
    releases,
    go: join(dataDir, 'no-go'),
    report: (line) => lines.push(line),
    ...options,
  });
const bin = () => readdirSync(join(dataDir, 'bin')).sort();

/** A Go command that writes what it is asked, and "builds" a program. */
function fakeGo(script: string): string {
  const path = join(dataDir, 'go');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('installing Xray', () => {
  it('takes the release whose digest is the published one', async () => {
    const xray = await install();
    expect(xray).toEqual({ path: join(dataDir, 'bin/xray'), version: XRAY_VERSION });
    expect(bin()).toEqual(['geoip.dat', 'xray']);
    expect(lines[0]).toContain(`Downloading Xray ${XRAY_VERSION} from ${releases}`);
    expect(lines).toContain('  100 % of 0.0 MB');
  });

  it('has nothing to do when it is there', async () => {
    await install();
    served = {};
    expect((await install()).version).toBe(XRAY_VERSION);
  });

  it('replaces an older one', async () => {
    served.zip = zipSync({ xray: strToU8(program('1.0.0')) });
    served.dgst = digestOf(served.zip);
    expect((await install()).version).toBe('1.0.0');
    served = { zip: archive, dgst: digestOf(archive) };
    expect((await install()).version).toBe(XRAY_VERSION);
  });

  it.each<[string, () => void, RegExp]>([
    ['whose digest differs', () => (served.dgst = digestOf(strToU8('other'))), /is not what was published/],
    ['whose digest is missing from its file', () => (served.dgst = 'MD5= 00\n'), /holds no SHA-256/],
    ['that is cut short', () => (served.zip = archive.subarray(0, 50)), /is not what was published/],
    [
      'that is no archive',
      () => {
        served.zip = 'text';
        served.dgst = digestOf(strToU8('text'));
      },
      /cannot be unpacked/,
    ],
    [
      'without a program',
      () => {
        served.zip = zipSync({ LICENSE: strToU8('x') });
        served.dgst = digestOf(served.zip);
      },
      /holds no xray/,
    ],
    [
      'that does not run here',
      () => {
        served.zip = zipSync({ xray: strToU8('not a program') });
        served.dgst = digestOf(served.zip);
      },
      /does not run here/,
    ],
  ])('refuses a release %s, leaving nothing behind', async (_, spoil, reason) => {
    spoil();
    await expect(install({ go: fakeGo('exit 0') })).rejects.toThrow(reason);
    expect(bin()).toEqual([]);
  });

  it('builds the same version with Go where the release cannot be had', async () => {
    served = {};
    const go = fakeGo(
      `echo "go: downloading $*" >&2; printf '%s' '${program()}' > "$GOBIN/main"; echo "$CGO_ENABLED" > ${dataDir}/cgo`,
    );
    expect((await install({ go })).version).toBe(XRAY_VERSION);
    expect(bin()).toEqual(['xray']);
    expect(readFileSync(join(dataDir, 'cgo'), 'utf8')).toBe('0\n');
    expect(lines.join('\n')).toMatch(
      /cannot be had: .*404[^]*go install github\.com\/xtls\/xray-core\/main@v1\.260327\.0/,
    );
  });

  it('does so, too, where nothing answers', async () => {
    const go = fakeGo(`printf '%s' '${program()}' > "$GOBIN/main"`);
    expect((await install({ releases: 'http://127.0.0.1:1', go })).version).toBe(XRAY_VERSION);
  });

  it('says what was tried when there is neither release nor Go', async () => {
    served = {};
    await expect(install()).rejects.toThrow('Neither the official release nor Go is at hand.');
  });

  it('says why Go failed', async () => {
    served = {};
    await expect(install({ go: fakeGo('echo "no such module" >&2; exit 1') })).rejects.toThrow(
      'go install failed (1): no such module.',
    );
  });

  it('says that the folder cannot be written', async () => {
    writeFileSync(join(dataDir, 'file'), '');
    await expect(install({ dataDir: join(dataDir, 'file') })).rejects.toThrow(
      /^Cannot install Xray in .*file\/bin: /,
    );
  });

  it('ends when it is interrupted', async () => {
    served = {};
    const abort = new AbortController();
    const go = fakeGo(`touch ${dataDir}/begun; exec sleep 60`);
    const attempt = install({ go, signal: abort.signal });
    const begun = setInterval(() => existsSync(join(dataDir, 'begun')) && abort.abort(), 10);
    await expect(attempt).rejects.toThrow('Interrupted.');
    clearInterval(begun);
    expect(bin()).toEqual([]);
  });
});
