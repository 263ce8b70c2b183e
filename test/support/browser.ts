import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** No connections of its own, so that every request a test sees is the page's. */
const ARGUMENTS = [
  '--no-sandbox', // root has none
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * This machine's Chromium: of `CHROMIUM_EXECUTABLE_PATH`, else one on the path. Without one, tests with a browser are
 * skipped, and the run says so; where `CI` is set that is a failure.
 */
export async function browserForTests(): Promise<string | undefined> {
  const own = process.env.CHROMIUM_EXECUTABLE_PATH;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = own ? [own] : folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  for (const path of candidates) if (await isExecutable(path)) return path;
  const missing = 'No Chromium was found: install one or set CHROMIUM_EXECUTABLE_PATH.';
  if (process.env.CI && process.env.CI !== 'false') throw new Error(missing);
  process.stderr.write(`\n*** Tests with a browser are SKIPPED. ${missing}\n\n`);
  return undefined;
}

export async function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
