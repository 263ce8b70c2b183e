import { execFile } from 'node:child_process';
import { constants, readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Cores of client applications, beside Xray: the setting with the path of each, and how it checks a config. */
const CORES = {
  'sing-box': { setting: 'SING_BOX_EXECUTABLE_PATH', check: (file: string) => ['check', '-c', file] },
  mihomo: {
    setting: 'MIHOMO_EXECUTABLE_PATH',
    check: (file: string) => ['-t', '-d', `${file}.d`, '-f', file],
  },
} as const;
type CoreName = keyof typeof CORES;

const versions = JSON.parse(
  readFileSync(new URL('../../scripts/client-cores.json', import.meta.url), 'utf8'),
) as Record<CoreName, { version: string }>;

/** Where `npm run cores:install` puts a core. */
function installed(name: CoreName): string {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(caches, 'margrave', 'client-cores', `${name}-${versions[name].version}`);
}

/**
 * The executable of a core: of its setting, else the installed one, else one on the path. Without one, tests with it
 * are skipped, and the run says so; where `CI` is set that is a failure.
 */
export async function clientCorePath(name: CoreName): Promise<string | undefined> {
  const own = process.env[CORES[name].setting];
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = own ? [own] : [installed(name), ...folders.map((folder) => join(folder, name))];
  for (const path of candidates) if (await isExecutable(path)) return path;
  const missing = `No ${name} was found: run \`npm run cores:install\` or set ${CORES[name].setting}.`;
  if (process.env.CI && process.env.CI !== 'false') throw new Error(missing);
  process.stderr.write(`\n*** Tests with ${name} are SKIPPED. ${missing}\n\n`);
  return undefined;
}

/** What the core says against the config in this file; undefined when it takes it. */
export type CheckConfig = (file: string) => Promise<string | undefined>;

/** The check of a core, if there is that core. */
export async function clientCore(name: CoreName): Promise<CheckConfig | undefined> {
  const path = await clientCorePath(name);
  return path === undefined ? undefined : (file) => refusal(path, CORES[name].check(file));
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function refusal(path: string, args: string[]): Promise<string | undefined> {
  try {
    await run(path, args);
    return undefined;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}` || String(error);
  }
}
