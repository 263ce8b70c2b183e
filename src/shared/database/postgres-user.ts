import { readFile, stat } from 'node:fs/promises';
import { StartupError } from '../../config/startup-error.js';

/** The system user that runs the server when we are root, since PostgreSQL refuses to be. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * Who runs the server: undefined is ourselves. As root it is the owner of existing data, else `postgres`, else
 * `nobody`: initdb needs an entry in the system's user list, and we add no users to anybody's system.
 */
export async function serverUser(dataFolder: string): Promise<ServerUser | undefined> {
  const self = process.getuid?.();
  const owner = await stat(dataFolder).catch(() => undefined);
  if (self !== 0) {
    if (owner && self !== undefined && owner.uid !== self) {
      throw new StartupError(
        `The database in ${dataFolder} belongs to user id ${owner.uid}, this process runs as ${self}. ` +
          `Start it as that user or as root, or choose another DATA_DIR.`,
      );
    }
    return undefined;
  }
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const name of ['postgres', 'nobody']) {
    const entry = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(users);
    if (entry) return { uid: Number(entry[1]), gid: Number(entry[2]) };
  }
  throw new StartupError(
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" on this system. ' +
      'Start Margrave as an ordinary user, or set DATABASE_URL.',
  );
}
