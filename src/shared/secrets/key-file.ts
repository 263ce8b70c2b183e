import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError, systemReason } from '../../config/startup-error.js';
import { writeOnce } from '../write-once.js';

const NAME = 'secret.key';

/** The key in the data folder, if there is one. @throws StartupError when it cannot be read */
export async function findKeyFile(folder: string): Promise<string | undefined> {
  const path = join(folder, NAME);
  try {
    const key = (await readFile(path, 'utf8')).trim();
    if (key !== '') return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartupError(`Cannot read ${path}: ${systemReason(error)}`, { cause: error });
  }
  throw new StartupError(`${path} is empty: put the key back that encrypts the secrets of the database.`);
}

/** The key in the data folder, made when there is none: by whoever is first, and never over another one. */
export async function keyFile(folder: string): Promise<string> {
  const found = await findKeyFile(folder);
  if (found !== undefined) return found;
  const path = join(folder, NAME);
  try {
    await writeOnce(path, `${randomBytes(32).toString('base64')}\n`);
  } catch (error) {
    throw new StartupError(`Cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
  return (await findKeyFile(folder))!;
}
