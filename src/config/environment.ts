import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { parseEnv } from 'node:util';
import { StartupError, systemReason } from './startup-error.js';
import type { Config } from './config.js';
import { InvalidSettings, readConfig, type Surroundings } from './read-config.js';
import { type SettingInForce, settingsInForce } from './settings-in-force.js';
import type { Environment } from './settings-reader.js';

const DOTENV = '.env';

/**
 * The settings of this process: its environment, and `.env` in the working directory for what is not set there.
 * This folder is the only reader of `process.env`.
 * @throws StartupError naming every setting that is wrong.
 */
export function loadConfig(): { config: Config; remarks: string[] } {
  try {
    process.loadEnvFile(DOTENV);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(error);
  }
  return readConfig(process.env, surroundings());
}

/** What counts for each setting, where it is said, and what is wrong; for whoever looks for a fault. @throws StartupError */
export function loadSettings(): {
  settings: SettingInForce[];
  problems: readonly string[];
  remarks: string[];
} {
  const environment = { ...process.env };
  const settings = settingsInForce({ environment, dotenv: readDotenv() });
  try {
    return { settings, problems: [], remarks: loadConfig().remarks };
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    return { settings, problems: error.problems, remarks: [] };
  }
}

function readDotenv(): Environment {
  try {
    return parseEnv(readFileSync(DOTENV, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw unreadable(error);
  }
}

const unreadable = (error: unknown) =>
  new StartupError(`Cannot read the settings in ${DOTENV}: ${systemReason(error)}`, { cause: error });

const surroundings = (): Surroundings => ({
  cwd: process.cwd(),
  interfaces: networkInterfaces(),
  readFile: (path) => readFileSync(path, 'utf8'),
});

/** The password of a new admin for scripts that have it in their environment; by Marzban's name as well. */
export const passwordForAdmin = (): string | undefined =>
  process.env.MARGRAVE_ADMIN_PASSWORD || process.env.MARZBAN_ADMIN_PASSWORD || undefined;

/** The shell of whoever sits before the terminal. */
export const loginShell = (): string | undefined => process.env.SHELL;

/** The folders in which this system looks for programs. */
export const searchPath = (): string => process.env.PATH ?? '';

/** The environment of this process with some additions, for programs that need their user's own settings. */
export const inheritedEnvironment = (additions: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...additions,
});
