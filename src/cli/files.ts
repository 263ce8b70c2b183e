import { readFile, writeFile } from 'node:fs/promises';
import { systemReason } from '../config/startup-error.js';
import { CommandFailed } from './failures.js';

/** The text of a file, or of stdin for `-`. @throws CommandFailed */
export async function readText(path: string): Promise<string> {
  try {
    return (await (path === '-' ? readStdin() : readFile(path))).toString('utf8');
  } catch (error) {
    throw new CommandFailed(`Cannot read ${path}: ${systemReason(error)}.`);
  }
}

export async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Writes what may hold secrets, readable by its owner alone. @throws CommandFailed */
export async function writeSecretly(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 }).catch((error: unknown) => {
    throw new CommandFailed(`Cannot write ${path}: ${systemReason(error)}.`);
  });
}
