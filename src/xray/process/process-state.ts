import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from './process-identity.js';

/** What is needed to find a core again after the process that started it was killed. */
export interface ProcessState {
  pid: number;
  identity: string;
  /** Milliseconds since 1970. For versions before, which take no note without it. */
  startedAt: number;
  socket: string;
  version: string;
}

/** A core carries this in its environment too, so that it is found when the note about it is lost. */
const MARK = 'MARGRAVE_CORE';

/** What marks a core as that of a folder. */
export function markOf(folder: string, start: Pick<ProcessState, 'startedAt' | 'socket' | 'version'>) {
  return { [MARK]: JSON.stringify({ folder, ...start }) };
}

/** The core that runs for this folder, by its note or, on Linux, by what the system tells of the processes here. */
export async function findCore(folder: string): Promise<ProcessState | undefined> {
  const noted = await readNote(folder);
  if (noted && processIdentity(noted.pid) === noted.identity) return noted;
  return findMarked(folder);
}

export async function writeNote(folder: string, state: ProcessState): Promise<void> {
  const path = noteFile(folder);
  await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function removeNote(folder: string): Promise<void> {
  await rm(noteFile(folder), { force: true });
}

const noteFile = (folder: string) => join(folder, 'process.json');

/** A file that is damaged, or that somebody else wrote, tells nothing. */
async function readNote(folder: string): Promise<ProcessState | undefined> {
  try {
    const path = noteFile(folder);
    if (!(await isOurs(path))) return undefined;
    const state = JSON.parse(await readFile(path, 'utf8')) as unknown;
    return isProcessState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

async function findMarked(folder: string): Promise<ProcessState | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const state = await markedState(Number(name), folder).catch(() => undefined); // ended meanwhile, or not ours to read
    if (state) return state;
  }
  return undefined;
}

async function markedState(pid: number, folder: string): Promise<ProcessState | undefined> {
  if (!(await isOurs(`/proc/${pid}`))) return undefined;
  const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
  const mark = environment.find((entry) => entry.startsWith(`${MARK}=`))?.slice(MARK.length + 1);
  if (mark === undefined) return undefined;
  const { folder: theirs, ...start } = JSON.parse(mark) as { folder: string };
  const state = { pid, identity: processIdentity(pid), ...start };
  return theirs === folder && isProcessState(state) ? state : undefined;
}

async function isOurs(path: string): Promise<boolean> {
  const owner = process.getuid?.();
  return owner === undefined || (await stat(path)).uid === owner;
}

function isProcessState(value: unknown): value is ProcessState {
  const { pid, identity, startedAt, socket, version } = (value ?? {}) as Record<string, unknown>;
  return (
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    Number.isSafeInteger(startedAt) &&
    [identity, socket, version].every((text) => typeof text === 'string' && text !== '')
  );
}
