import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { StartupError, systemReason } from './startup-error.js';
import type { Config } from './config.js';
import { readConfig } from './read-config.js';

/**
 * The settings of this process: its environment, and `.env` in the working directory for what is not set there.
 * This folder is the only reader of `process.env`.
 * @throws StartupError naming every setting that is wrong.
 */
export function loadConfig(): { config: Config; remarks: string[] } {
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new StartupError(`Cannot read the settings in .env: ${systemReason(error)}`, { cause: error });
    }
  }
  return readConfig(process.env, {
    cwd: process.cwd(),
    interfaces: networkInterfaces(),
    readFile: (path) => readFileSync(path, 'utf8'),
  });
}

/** The folders in which this system looks for programs. */
export const searchPath = (): string => process.env.PATH ?? '';

/** The environment of this process with some additions, for programs that need their user's own settings. */
export const inheritedEnvironment = (additions: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...additions,
});
