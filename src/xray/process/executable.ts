import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An Xray that runs on this machine, e.g. version `26.3.27`. */
export interface XrayExecutable {
  path: string;
  version: string;
}

/** The value of `XRAY_EXECUTABLE_PATH` that means: no core on this machine, even if there is one. */
export const NO_XRAY = 'none';

/** Where `npm run xray:install` puts the executable. */
export const installedXrayPath = (dataDir: string) =>
  join(dataDir, 'bin', process.platform === 'win32' ? 'xray.exe' : 'xray');

/** Where to look: the setting alone if there is one, else `PATH`, then the folder of `npm run xray:install`. */
export function xrayCandidates(where: {
  executablePath?: string;
  searchPath: string;
  dataDir: string;
}): string[] {
  if (where.executablePath === NO_XRAY) return [];
  if (where.executablePath) return [where.executablePath];
  const folders = where.searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  const name = process.platform === 'win32' ? 'xray.exe' : 'xray';
  return [...folders.map((folder) => join(folder, name)), installedXrayPath(where.dataDir)];
}

/** The first of `candidates` that is an Xray, and runs. */
export async function findXray(candidates: string[]): Promise<XrayExecutable | undefined> {
  for (const path of candidates) {
    const version = await xrayVersion(path);
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** The version an executable says it has; undefined when it is missing, does not run, or is no Xray. */
export async function xrayVersion(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ['version'], { timeout: 10_000, env: {}, windowsHide: true });
    return parseXrayVersion(stdout);
  } catch {
    return undefined;
  }
}

/** Source: the first line of `xray version`, e.g. `Xray 26.3.27 (Xray, Penetrates Everything.) …`. */
export function parseXrayVersion(output: string): string | undefined {
  return /^Xray (\d+\.\d+\.\d+)/.exec(output)?.[1];
}
