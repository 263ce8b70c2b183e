import { spawn } from 'node:child_process';
import type { XrayExecutable } from './executable.js';

const TIMEOUT_MS = 10_000;
/** More than any message; the rest of a flood is dropped. */
const MAX_OUTPUT = 64 * 1024;

/**
 * Has Xray check a config without running it; returns the refusal in Xray's own words, or undefined when the
 * config is accepted. Source: `xray run -test`, whose last line of output is `Configuration OK.` or
 * `Failed to start: <reason>`.
 * @throws when the executable cannot be run.
 */
export async function dryRun(
  executable: XrayExecutable,
  configJson: string,
  assetsPath: string | undefined,
): Promise<string | undefined> {
  const child = spawn(executable.path, ['run', '-test', '-config', 'stdin:'], {
    cwd: '/',
    env: xrayEnvironment(assetsPath),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-MAX_OUTPUT);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  child.stdin.end(configJson);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
    },
  );
  if (code === 0) return undefined;
  if (signal === 'SIGKILL') return `Xray did not finish checking the config within ${TIMEOUT_MS / 1000} s`;
  return failureText(output) ?? `Xray exited with code ${code}`;
}

/** Nothing of this process' environment: it holds secrets, and would change how the core behaves. */
export function xrayEnvironment(assetsPath: string | undefined): NodeJS.ProcessEnv {
  return assetsPath === undefined ? {} : { XRAY_LOCATION_ASSET: assetsPath };
}

/** Why Xray says it could not start, from its output; a crash gives the first line of it. */
export function failureText(output: string): string | undefined {
  const failed = /^Failed to start: ([^]*)/m.exec(output)?.[1]?.trim();
  return failed ?? /^(?:panic|fatal error): .*$/m.exec(output)?.[0];
}
