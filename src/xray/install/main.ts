import { loadConfig } from '../../config/environment.js';
import { StartupError } from '../../config/startup-error.js';
import { InstallFailed, installXray } from './install-xray.js';

/** `npm run xray:install` */
try {
  const { dataDir } = loadConfig().config;
  const xray = await installXray({ dataDir, report: (line) => process.stdout.write(`${line}\n`) });
  process.stdout.write(`Xray ${xray.version} is in ${xray.path}\n`);
} catch (error) {
  if (!(error instanceof InstallFailed || error instanceof StartupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
