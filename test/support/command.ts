import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface CommandResult {
  code: number | null;
  out: string;
  err: string;
}

export interface CommandOptions {
  /** Nothing of our own environment is in its. */
  environment?: Record<string, string>;
  cwd?: string;
  stdin?: string;
}

/** Runs the built command line to its end, without a terminal. `npm test` builds it first. */
export async function command(
  words: readonly string[],
  { environment = {}, cwd = '/', stdin = '' }: CommandOptions,
): Promise<CommandResult> {
  if (!existsSync(program)) throw new Error('There is no dist/: run `npm run build` before this test.');
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...words], {
    cwd,
    env: { PATH: '/usr/bin:/bin', XRAY_EXECUTABLE_PATH: 'none', ...environment },
  });
  const result: CommandResult = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (result.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (result.err += chunk.toString()));
  child.stdin.on('error', () => undefined); // it may not read
  child.stdin.end(stdin);
  result.code = await new Promise((resolve) => child.once('close', resolve));
  return result;
}
