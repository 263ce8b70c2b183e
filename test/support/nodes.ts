import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const versions = JSON.parse(
  readFileSync(new URL('../../scripts/node-versions.json', import.meta.url), 'utf8'),
) as Record<string, string>;

/**
 * The supported releases of Node.js that `npm run nodes:install` put there. Without one, tests on it are skipped, and
 * the run says so; where `CI` is set that is a failure.
 */
export function nodesForTests(): { version: string; path: string }[] {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'margrave', 'nodes');
  const nodes = Object.values(versions).map((version) => ({
    version,
    path: join(folder, `node-${version}`),
  }));
  const missing = nodes.filter(({ path }) => !existsSync(path)).map(({ version }) => version);
  if (missing.length === 0) return nodes;
  const text = `No Node.js ${missing.join(', ')} was found: run \`npm run nodes:install\`.`;
  if (process.env.CI && process.env.CI !== 'false') throw new Error(text);
  process.stderr.write(`\n*** Tests on other releases of Node.js are SKIPPED. ${text}\n\n`);
  return nodes.filter(({ path }) => existsSync(path));
}
