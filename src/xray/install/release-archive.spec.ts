import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { archiveName, publishedDigest, unpackRelease } from './release-archive.js';

describe('an Xray release', () => {
  it.each([
    ['linux-x64', 'Xray-linux-64.zip'],
    ['linux-arm64', 'Xray-linux-arm64-v8a.zip'],
    ['darwin-arm64', 'Xray-macos-arm64-v8a.zip'],
    ['sunos-x64', undefined],
  ])('has an archive for %s named %s', (platform, name) => {
    expect(archiveName(platform)).toBe(name);
  });

  const digest = 'ab'.repeat(32);
  it.each([
    ['of OpenSSL 3', `MD5= 11\nSHA1= 22\nSHA2-256= ${digest}\nSHA2-512= ${'cd'.repeat(64)}\n`, digest],
    ['of OpenSSL 1', `SHA256= ${digest.toUpperCase()}\n`, digest],
    ['that is too short', `SHA2-256= ${digest.slice(2)}\n`, undefined],
    ['that is not there', `SHA2-512= ${'cd'.repeat(64)}\n`, undefined],
    ['of a page instead of a file', '<html>Not Found</html>', undefined],
  ])('has a digest %s', (_, text, expected) => {
    expect(publishedDigest(text)).toBe(expected);
  });

  it('gives its program and geo files, and nothing that lies elsewhere', () => {
    const archive = zipSync({
      xray: strToU8('x'),
      'geoip.dat': strToU8('g'),
      LICENSE: strToU8('l'),
      '../xray': strToU8('evil'),
    });
    expect(Object.keys(unpackRelease(archive)).sort()).toEqual(['geoip.dat', 'xray']);
  });
});
