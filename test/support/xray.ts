import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findXray, xrayCandidates, type XrayExecutable } from '../../src/xray/process/executable.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The Xray that tests run, found as the service finds it. Without one, tests that need it are skipped, and the
 * run says so; where `CI` is set that is a failure.
 */
export async function xrayForTests(): Promise<XrayExecutable | undefined> {
  const xray = await findXray(
    xrayCandidates({
      executablePath: process.env.XRAY_EXECUTABLE_PATH,
      searchPath: process.env.PATH ?? '',
      dataDir: process.env.DATA_DIR ?? join(repository, 'data'),
    }),
  );
  if (xray) return xray;
  const missing = 'No Xray was found: run `npm run xray:install` or set XRAY_EXECUTABLE_PATH.';
  if (process.env.CI && process.env.CI !== 'false') throw new Error(missing);
  process.stderr.write(`\n*** Tests with a real core are SKIPPED. ${missing}\n\n`);
  return undefined;
}
