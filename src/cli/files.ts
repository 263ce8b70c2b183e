import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemReason } from '../config/startup-error.js';
import { CommandFailed } from './failures.js';

const PRIVATE = 0o600;

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

/** Sees to it that a file can be written later, and leaves what is in it. @throws CommandFailed */
export async function makeWritable(path: string): Promise<void> {
  await orSay(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await (await open(path, 'a', PRIVATE)).close();
  });
}

/** Writes what may hold secrets, readable by its owner alone, also where the file was there for others. @throws CommandFailed */
export async function writeSecretly(path: string, text: string): Promise<void> {
  await orSay(path, async () => {
    const file = await open(path, 'w', PRIVATE);
    try {
      if ((await file.stat()).isFile()) await file.chmod(PRIVATE);
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  });
}

async function orSay(path: string, write: () => Promise<void>): Promise<void> {
  await write().catch((error: unknown) => {
    throw new CommandFailed(`Cannot write ${path}: ${systemReason(error)}.`);
  });
}
