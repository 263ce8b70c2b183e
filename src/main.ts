import { Logger } from '@nestjs/common';
import { loadConfig } from './config/environment.js';
import { Service } from './service.js';
import { StartupError } from './config/startup-error.js';
import { createPino, PinoLogger } from './shared/telemetry/logger.js';

/** Whatever hangs, the process is gone so long after SHUTDOWN_DELAY. */
const STOP_MS = 9_800;

function fail(error: unknown): never {
  const expected = error instanceof StartupError;
  process.stderr.write(`${expected ? error.message : ((error as Error)?.stack ?? String(error))}\n`);
  process.exit(1);
}

let stopping: Promise<void> | undefined;
try {
  const { config, remarks } = loadConfig();
  const logger = new PinoLogger(createPino(config.logLevel));
  Logger.overrideLogger(logger);
  for (const remark of remarks) logger.warn(remark, 'Settings');

  const service = new Service(config);
  const stop = (exitCode: number) => {
    // Once: npm passes a Ctrl-C on that the terminal has sent to us, too.
    stopping ??= (async () => {
      const delay = exitCode === 0;
      setTimeout(() => process.exit(1), STOP_MS + (delay ? config.shutdownDelaySeconds * 1000 : 0)).unref();
      await service.stop({ delay });
      process.exit(exitCode);
    })();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!stopping) logger.log(`${signal}: stopping`, 'Service');
      stop(0);
    });
  }
  const onBug = (error: unknown) => {
    logger.fatal({ err: error }, 'An error was not handled; stopping');
    stop(1);
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);

  await service.start();
} catch (error) {
  await stopping;
  fail(error);
}
