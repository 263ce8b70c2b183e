import { readFileSync, statSync } from 'node:fs';
import type { CoreConfigJson } from '../../xray/config/index.js';
import { certificatePaths } from '../../xray/config/index.js';

const MAX_BYTES = 1_000_000;
/** Short enough for a fetch after the other, long enough for many at once. */
const LOOK_AGAIN_MS = 20;

/** The content of a certificate file: only a plain file of a sane size, since the path comes from whoever sends the config. */
export function readCertificate(path: string): string {
  const file = statSync(path);
  if (!file.isFile() || file.size > MAX_BYTES) throw new Error(`${path} is no certificate file`);
  return readFileSync(path, 'utf8');
}

/** The certificate files of the active config, which are renewed without anybody saying so. */
export class CertificateFiles {
  private readonly texts = new Map<string, string>();
  private seen: { config: CoreConfigJson; paths: string[]; stamp: string; at: number } | undefined;

  /**
   * The content of a file, or what was last read of it: it may just be replaced. An accepted config stays usable where
   * its certificates are not mounted; only their names are unknown there, and the text is empty.
   */
  read(path: string): string {
    try {
      const text = readCertificate(path);
      this.texts.set(path, text);
      return text;
    } catch {
      return this.texts.get(path) ?? '';
    }
  }

  /** Whether the files of the config may be others than at the last call. */
  haveChanged(config: CoreConfigJson): boolean {
    const at = performance.now();
    const known = this.seen?.config === config ? this.seen : undefined;
    if (known && at - known.at < LOOK_AGAIN_MS) return false;
    const paths = known?.paths ?? certificatePaths(config);
    const stamp = stampOf(paths);
    this.seen = { config, paths, stamp, at };
    return stamp !== known?.stamp && paths.length > 0;
  }
}

function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }))
    .map((file) => (file ? `${file.ino} ${file.mtimeNs} ${file.size}` : 'none'))
    .join();
}
