import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A server that can be reached. */
export interface Postmaster {
  pid: number;
  socketDir: string;
}

/** A server that runs on a data folder. */
export interface RunningServer {
  pid: number;
  /** Unknown while it starts, and when its note is lost. */
  socketDir: string | undefined;
  /** Whether its own note says that it runs; without one it ends by itself within a minute. */
  noted: boolean;
}

const NOTE = 'postmaster.pid';
const SOCKET = '.s.PGSQL.5432';

/** Reads `postmaster.pid`: line 1 is the process, line 5 the socket's folder, written when the socket is there. */
export function parsePostmaster(text: string): { pid: number; socketDir: string | undefined } | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, socketDir: lines[4] || undefined } : undefined;
}

/** The server that runs on `dataFolder`, if any, whatever has become of its note. */
export function findServer(dataFolder: string): RunningServer | undefined {
  const noted = parsePostmaster(read(join(dataFolder, NOTE)) ?? '');
  if (noted && isRunning(noted, dataFolder)) return { ...noted, noted: true };
  const pid = processes().find((candidate) => isPostmasterOf(candidate, dataFolder))?.pid;
  return pid === undefined ? undefined : { pid, socketDir: undefined, noted: false };
}

/**
 * Removes what a dead server left. PostgreSQL cleans up after itself, but takes a zombie (nothing reaps in many
 * containers) or an unrelated process with the same number for a living server, and refuses a note it cannot read.
 */
export function removeLeftNotes(dataFolder: string, socketDir: string): void {
  for (const path of [join(dataFolder, NOTE), join(socketDir, `${SOCKET}.lock`)]) {
    const text = read(path);
    if (text === undefined) continue;
    const owner = parsePostmaster(text);
    if (!owner || !isRunning(owner, dataFolder)) rmSync(path, { force: true });
  }
}

/** Whether this server still runs; a zombie does not. */
export function isRunning({ pid }: { pid: number }, dataFolder: string): boolean {
  return exists(pid) && serves(pid, dataFolder);
}

/** Whether there is a way to it. What cleans up temporary folders may take the socket of a running server. */
export const hasSocket = ({ socketDir }: Postmaster): boolean => existsSync(join(socketDir, SOCKET));

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
  const works = worksIn(pid, dataFolder);
  // Root without the right to look (containers): any PostgreSQL counts, rather than start a second on this data.
  return works ?? basename(commandOf(pid)[0] ?? '') === 'postgres';
}

/** Undefined when the system does not tell. */
function worksIn(pid: number, dataFolder: string): boolean | undefined {
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(dataFolder)];
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : undefined; // a zombie has no folder
  }
}

interface Process {
  pid: number;
  command: string[];
}

/** A server's children work in its folder, too, but call themselves otherwise (`postgres: checkpointer`). */
function isPostmasterOf({ pid, command }: Process, dataFolder: string): boolean {
  if (basename(command[0] ?? '') !== 'postgres') return false;
  return worksIn(pid, dataFolder) ?? command[command.indexOf('-D') + 1] === dataFolder;
}

function processes(): Process[] {
  if (process.platform === 'linux') {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.map((pid) => ({ pid: Number(pid), command: commandOf(Number(pid)) }));
  }
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' });
  return stdout.split('\n').map((line) => {
    const [pid, ...command] = line.trim().split(' ');
    return { pid: Number(pid), command };
  });
}

const commandOf = (pid: number) => read(`/proc/${pid}/cmdline`)?.split('\0') ?? [];

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
