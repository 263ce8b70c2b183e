import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError, systemReason } from '../../config/startup-error.js';

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
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true });
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw new StartupError(`Cannot write ${path}: ${systemReason(error)}`, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
  return (await findKeyFile(folder))!;
}
