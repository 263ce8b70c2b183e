import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { systemReason } from '../../../config/startup-error.js';
import { ImportRefused } from '../imports.errors.js';

/** Of a database: its file, what is not committed yet, what is committed but not in the file yet. */
const PARTS = ['', '-journal', '-wal'] as const;
const MAGIC = 'SQLite format 3\0';
const QUICKLY_COPIED_BYTES = 512n * 1024n * 1024n;
const CHUNK_BYTES = 1024 * 1024;
const ATTEMPTS = 4;
const BUSY = 5;

export interface CopyOptions {
  /** For how long to wait for others who lock the database. */
  patienceMilliseconds?: number;
  /** Larger files may take longer to copy than the five seconds that a write of the panel waits for readers. */
  quicklyCopiedBytes?: bigint;
  signal?: AbortSignal;
}

/**
 * Copies a database that may be in use into a folder, so that the copy holds what was committed at one moment once it
 * is opened. The source is never written to, not even to recover what a killed process left: that is done in the copy.
 * Returns its path.
 * @throws ImportRefused
 */
export async function copySqlite(
  file: string,
  folder: string,
  { patienceMilliseconds = 20_000, quicklyCopiedBytes = QUICKLY_COPIED_BYTES, signal }: CopyOptions = {},
): Promise<string> {
  const isLogged = await usesLog(file);
  const bytes = await refuseWithoutRoom(file, folder);
  const copy = join(folder, 'marzban.sqlite3');
  // Closing a file ends all locks that the process has on it, so it is opened once here, and closed last.
  const opened = await open(file, 'r').catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      // While a reader is in a transaction the panel cannot commit, and traffic that it fails to book is lost. So a large
      // file is copied without one and looked at afterwards; only when it never rests it is held for as long as it takes.
      // A log has no such readers.
      const isHeldThroughout = isLogged || bytes < quicklyCopiedBytes || attempt === ATTEMPTS;
      let hold = await holdSqlite(file, isLogged, patienceMilliseconds, signal);
      try {
        const before = await stampsOf(file, opened);
        if (!isHeldThroughout) hold.release();
        await copyParts(file, opened, copy, signal);
        if (!isHeldThroughout) hold = await holdSqlite(file, isLogged, patienceMilliseconds, signal);
        if (hold.isHeld && isLogged) return copy;
        const after = await stampsOf(file, opened);
        // Whoever is about to write to a file that is held may have a journal already.
        const compared = hold.isHeld ? 1 : PARTS.length;
        if (before.slice(0, compared).join() === after.slice(0, compared).join()) return copy;
      } finally {
        hold.release();
      }
      await wait(500, undefined, { signal });
    }
  } finally {
    await opened.close();
  }
  throw new ImportRefused(
    `${file} goes on changing while it is copied, by somebody who does not lock it: wait until it is whole, or stop whoever writes to it.`,
  );
}

/** Whether the database has a write-ahead log. @throws ImportRefused when the file is none of a database */
async function usesLog(file: string): Promise<boolean> {
  const kind = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (kind.isDirectory()) throw new ImportRefused(`${file} is a folder: name the database in it.`);
  if (!kind.isFile()) throw new ImportRefused(`${file} is no regular file: name that of Marzban's database.`);
  if (kind.size === 0) {
    throw new ImportRefused(
      `${file} is empty, as SQLite leaves it behind for a mistyped path: name the file that Marzban uses.`,
    );
  }
  const header = await readHeader(file);
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw noDatabase(file);
  return header[18] === 2;
}

async function readHeader(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      return await headerOf(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function headerOf(handle: FileHandle): Promise<Buffer> {
  return (await handle.read(Buffer.alloc(100), 0, 100, 0)).buffer;
}

/** The size of all parts. */
async function refuseWithoutRoom(file: string, folder: string): Promise<bigint> {
  const sizes = await Promise.all(
    PARTS.map((part) =>
      stat(file + part, { bigint: true }).then(
        ({ size }) => size,
        () => 0n,
      ),
    ),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0n);
  const { bavail, bsize } = await statfs(folder, { bigint: true });
  if (bytes > bavail * bsize) throw noRoom(file, bytes, folder);
  return bytes;
}

/**
 * Begins a reader's transaction: until its end nobody commits to the file, or what is read stays in the log. It is not
 * held where nobody can be writing, or where no lock can be had because the source may not be written to.
 */
async function holdSqlite(
  file: string,
  isLogged: boolean,
  patienceMilliseconds: number,
  signal?: AbortSignal,
): Promise<{ isHeld: boolean; release(): void }> {
  const notHeld = { isHeld: false, release: () => undefined };
  // Whoever uses a log has its index, too. SQLite would make one, beside the source.
  if (isLogged && !(await exists(`${file}-shm`))) return notHeld;
  const { default: Database } = await import('libsql');
  const giveUpAt = performance.now() + patienceMilliseconds;
  for (;;) {
    signal?.throwIfAborted();
    const database = new Database(`${pathToFileURL(file).href}?mode=ro`);
    try {
      database.exec('BEGIN');
      database.prepare('SELECT count(*) FROM sqlite_master').all();
      const release = () => {
        if (!database.open) return;
        // Closed alone, it would stay locked until the statement is collected.
        database.exec('COMMIT');
        database.close();
      };
      return { isHeld: true, release };
    } catch (error) {
      database.close();
      // Left by a killed process, or damaged: the copy will tell.
      if (((error as { rawCode?: number }).rawCode ?? 0) % 256 !== BUSY) return notHeld;
    }
    if (performance.now() >= giveUpAt) {
      throw new ImportRefused(
        `${file} has been locked by another program for ${Math.round(patienceMilliseconds / 1000)} seconds: try again when that one is done, or stop it.`,
      );
    }
    await wait(10, undefined, { signal });
  }
}

/** What changes when a part is written to. */
async function stampsOf(file: string, opened: FileHandle): Promise<string[]> {
  const stamps = await Promise.all(
    PARTS.map((part) =>
      stat(file + part, { bigint: true }).then(
        ({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`,
        () => 'none',
      ),
    ),
  );
  const counter = (await headerOf(opened)).readUInt32BE(24);
  return [`${stamps[0]} ${counter}`, ...stamps.slice(1)];
}

async function copyParts(
  file: string,
  opened: FileHandle,
  copy: string,
  signal?: AbortSignal,
): Promise<void> {
  for (const part of PARTS) {
    await rm(copy + part, { force: true });
    try {
      const source =
        part === ''
          ? opened.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES })
          : createReadStream(file + part, { highWaterMark: CHUNK_BYTES });
      // Not with the rights of the source, which may be to read it only.
      const target = createWriteStream(copy + part, { mode: 0o600, highWaterMark: CHUNK_BYTES });
      await pipeline(source, target, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      const { code, path } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && path === file + part && part !== '') {
        await rm(copy + part, { force: true });
        continue;
      }
      if (code === 'ENOSPC' || code === 'EDQUOT')
        throw noRoom(file, (await opened.stat({ bigint: true })).size, dirname(copy));
      throw unreadable(file + part, error);
    }
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export function noDatabase(file: string): ImportRefused {
  return new ImportRefused(
    `${file} is no database of SQLite: name the file that Marzban uses, not a dump or an archive of it.`,
  );
}

function unreadable(file: string, error: unknown): ImportRefused {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new ImportRefused(
    isMissing
      ? `There is no file ${file}: name that of Marzban's database, such as sqlite:////var/lib/marzban/db.sqlite3.`
      : `${file} cannot be read (${systemReason(error)}): run this as a user who may read it.`,
    { cause: error },
  );
}

function noRoom(file: string, bytes: bigint, folder: string): ImportRefused {
  const megabytes = bytes / 1_000_000n + 1n;
  return new ImportRefused(
    `A copy of ${file} has no room in ${folder}: set TMPDIR to a folder with ${megabytes} MB free.`,
  );
}
