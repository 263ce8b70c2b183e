import { InvalidSettings, readConfig } from '../../../config/read-config.js';

/** Why this service would not start with these settings, one line each; most of them Marzban minds as well. */
export function settingProblems(values: Readonly<Record<string, string>>): string[] {
  try {
    readConfig(values, { cwd: '/', interfaces: {}, readFile: () => '' });
    return [];
  } catch (error) {
    if (error instanceof InvalidSettings) return [...error.problems];
    throw error;
  }
}
