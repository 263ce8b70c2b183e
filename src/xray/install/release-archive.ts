import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';

/** Names of the archives of an Xray release, by Node's platform and processor. */
const ARCHIVES: Record<string, string> = {
  'linux-x64': 'Xray-linux-64',
  'linux-ia32': 'Xray-linux-32',
  'linux-arm64': 'Xray-linux-arm64-v8a',
  'linux-arm': 'Xray-linux-arm32-v7a',
  'linux-s390x': 'Xray-linux-s390x',
  'linux-ppc64': 'Xray-linux-ppc64le',
  'linux-riscv64': 'Xray-linux-riscv64',
  'darwin-x64': 'Xray-macos-64',
  'darwin-arm64': 'Xray-macos-arm64-v8a',
  'win32-x64': 'Xray-windows-64',
  'freebsd-x64': 'Xray-freebsd-64',
};

/** The release archive for a platform such as `linux-x64`; undefined when Xray publishes none. */
export const archiveName = (platform: string): string | undefined =>
  ARCHIVES[platform] && `${ARCHIVES[platform]}.zip`;

/** The SHA-256 in a `.dgst` file, whose lines are OpenSSL's: `SHA2-256= 0123…` (older ones `SHA256= …`). */
export function publishedDigest(text: string): string | undefined {
  return /^SHA(?:2-)?256\s*=\s*([0-9a-f]{64})\s*$/im.exec(text)?.[1]?.toLowerCase();
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What we keep of an archive: the program, and the geo files it finds beside itself. */
export function unpackRelease(archive: Uint8Array): Record<string, Uint8Array> {
  const wanted = ['xray', 'xray.exe', 'geoip.dat', 'geosite.dat'];
  return unzipSync(archive, { filter: ({ name }) => wanted.includes(name) });
}
