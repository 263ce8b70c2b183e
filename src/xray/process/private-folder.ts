import { createHash } from 'node:crypto';
import { lstat, mkdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The operating system's limit for the path of a socket is 107 bytes on Linux, 103 elsewhere. */
const MAX_SOCKET_PATH = 100;
const ROOM_FOR_NAME = 24;

/**
 * A folder for sockets that only this user can enter: `preferred`, or one in the temporary folder when the paths
 * in it would be too long. Whoever reaches a core's socket controls the core.
 * @throws when somebody else owns it or can enter it.
 */
export async function privateSocketFolder(preferred: string): Promise<string> {
  const folder = usableFolder(preferred);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  const foreign = process.getuid !== undefined && found.uid !== process.getuid();
  if (!found.isDirectory() || foreign || (found.mode & 0o077) !== 0) {
    throw new Error(
      `The folder ${folder} must belong to the user of this process, and to nobody else (mode 0700)`,
    );
  }
  return folder;
}

/** Removes the one in the temporary folder, if there is one for `preferred` and nobody uses it. */
export async function removeShortFolder(preferred: string): Promise<void> {
  const folder = usableFolder(preferred);
  if (folder !== preferred) await rmdir(folder).catch(() => undefined);
}

function usableFolder(preferred: string): string {
  if (Buffer.byteLength(preferred) + ROOM_FOR_NAME <= MAX_SOCKET_PATH) return preferred;
  const name = createHash('sha256').update(preferred).digest('hex').slice(0, 16);
  return join(tmpdir(), `margrave-${name}`);
}
