import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../../../config/startup-error.js';
import { writeOnce } from '../../../../shared/write-once.js';

const NAME = 'identity';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The identity of a data folder, which its local core belongs to: made when the folder has none, by whoever is first.
 * @throws StartupError when the file cannot be read or written, or holds something else
 */
export async function dataDirId(folder: string): Promise<string> {
  const path = join(folder, NAME);
  try {
    return await read(path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await writeOnce(path, `${randomUUID()}\n`);
      return read(path);
    });
  } catch (error) {
    throw error instanceof StartupError
      ? error
      : new StartupError(`Cannot read or write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function read(path: string): Promise<string> {
  const id = (await readFile(path, 'utf8')).trim();
  if (UUID.test(id)) return id;
  throw new StartupError(
    `${path} holds no identity of a data folder. Delete it, and the local core gets a new one; its past traffic stays counted.`,
  );
}
