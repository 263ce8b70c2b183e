import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
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

/** What the core says against the config in this file; undefined when it takes it. */
export type CheckConfig = (file: string) => Promise<string | undefined>;

/** The check of a core, found by its setting or on the path. Without one, tests with it are skipped, and the run says so. */
export async function clientCore(name: keyof typeof CORES): Promise<CheckConfig | undefined> {
  const { setting, check } = CORES[name];
  const own = process.env[setting];
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of own ? [own] : folders.map((folder) => join(folder, name))) {
    if (await isExecutable(path)) return (file) => refusal(path, check(file));
  }
  process.stderr.write(`\n*** Tests with ${name} are SKIPPED. None was found: set ${setting}.\n\n`);
  return undefined;
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
