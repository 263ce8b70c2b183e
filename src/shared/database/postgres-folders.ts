import { chmod, chown, lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartupError } from '../../config/startup-error.js';
import type { ServerUser } from './postgres-user.js';

/** Makes a folder when it is missing, such that the server's user may pass through, whatever the umask. */
export async function makeEnterable(folder: string): Promise<boolean> {
  const made = await makeFolder(folder);
  if (made) await chmod(folder, 0o755);
  return made;
}

/** A folder only its owner may enter: the permission to connect is the permission to enter it. */
export async function makePrivate(folder: string, user: ServerUser | undefined): Promise<void> {
  await makeFolder(folder);
  const found = await lstat(folder);
  const owner = user?.uid ?? process.getuid?.();
  const mine = found.uid === owner || (user !== undefined && found.uid === 0);
  if (!found.isDirectory() || !mine) {
    throw new StartupError(
      `${folder} belongs to another user (id ${found.uid}); it must belong to id ${owner}.`,
    );
  }
  await chmod(folder, 0o700);
  if (user) await chown(folder, user.uid, user.gid);
}

/** Makes a folder and those above it; whether it was missing. Node's own way never ends below /proc. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return false;
    if (code !== 'ENOENT' || !(await makeEnterable(dirname(folder)))) throw error;
    return makeFolder(folder);
  }
}
