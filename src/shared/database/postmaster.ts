import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a running server notes in its data folder. */
export interface Postmaster {
  pid: number;
  socketDir: string;
}

/** Reads `postmaster.pid`: line 1 is the process, line 5 the socket's folder. */
export function parsePostmaster(text: string): Postmaster | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const socketDir = lines[4];
  return Number.isSafeInteger(pid) && pid > 0 && socketDir ? { pid, socketDir } : undefined;
}

/**
 * The server that runs on `dataFolder`, if any. A note left by a dead server is PostgreSQL's to clean up, but it
 * takes a zombie (nothing reaps in many containers) or an unrelated process with the same number for a living
 * server and refuses to start: such a note is removed here, with the lock of its socket.
 */
export function runningPostmaster(dataFolder: string): Postmaster | undefined {
  const path = join(dataFolder, 'postmaster.pid');
  const note = read(path);
  const postmaster = note === undefined ? undefined : parsePostmaster(note);
  if (!postmaster || !exists(postmaster.pid)) return undefined;
  if (serves(postmaster.pid, dataFolder)) return postmaster;
  if (read(path) === note) {
    rmSync(path, { force: true });
    rmSync(join(postmaster.socketDir, '.s.PGSQL.5432.lock'), { force: true });
  }
  return undefined;
}

/** Whether this server still runs; a zombie does not. */
export function isRunning({ pid }: Postmaster, dataFolder: string): boolean {
  return exists(pid) && (process.platform !== 'linux' || serves(pid, dataFolder));
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // gone, or another user's: then it is not our server, and PostgreSQL knows that too
  }
}

/** A server works in its data folder, under whatever path it or we know that folder. */
function serves(pid: number, dataFolder: string): boolean {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout.includes('postgres');
  }
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(dataFolder)];
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // a zombie
    // Root without the right to look (containers): any PostgreSQL counts, rather than start a second on this data.
    return basename(read(`/proc/${pid}/cmdline`)?.split('\0')[0] ?? '') === 'postgres';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
