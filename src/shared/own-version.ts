import { readFileSync } from 'node:fs';

/** Beside the sources, and beside what is built of them. */
const MANIFESTS = ['../../package.json', '../../../package.json'];

/** The version of this program; empty when nothing tells it. */
export function ownVersion(): string {
  for (const path of MANIFESTS) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string })
        .version;
    } catch {
      // The other one.
    }
  }
  return '';
}
