#!/usr/bin/env node
import { run } from './program.js';

/** Everything is closed when a command ends, and the process ends with it; what hangs does not hold it up for long. */
const LINGER_MS = 5_000;

// Whoever reads has enough (`margrave user list | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2));
setTimeout(() => process.exit(), LINGER_MS).unref();
