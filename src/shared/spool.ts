import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** So much is collected before it is written. */
const WRITE_CHARACTERS = 256 * 1024;
const READ_BYTES = 256 * 1024;

/** There is no room on the disk, or no right to it. */
export class SpoolFailed extends Error {
  constructor(cause: unknown) {
    super(`what is to be read again cannot be written down: ${(cause as Error).message}`, { cause });
    this.name = 'SpoolFailed';
  }
}

/**
 * Text that is too long for memory, in a file without a name: nobody else finds it, and it is gone with the process
 * whatever happens. Written first, by one; then read by any number, each from the start.
 */
export class Spool {
  private pending: string[] = [];
  private pendingCharacters = 0;
  private size = 0;
  /** Of all that was collected so far. */
  private written: Promise<void> = Promise.resolve();

  private constructor(private readonly file: FileHandle) {}

  /** In this folder, which is made when it is missing. @throws SpoolFailed */
  static async make(folder: string): Promise<Spool> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `spool-${randomUUID()}`);
      const file = await open(path, 'wx+', 0o600);
      await rm(path, { force: true });
      return new Spool(file);
    } catch (error) {
      throw new SpoolFailed(error);
    }
  }

  /** @throws SpoolFailed */
  async append(text: string): Promise<void> {
    if (text === '') return;
    this.pending.push(text);
    this.pendingCharacters += text.length;
    if (this.pendingCharacters >= WRITE_CHARACTERS) await this.flush();
  }

  /** Everything there is, from this byte on, in chunks that are nobody else's. */
  async *read(from = 0): AsyncGenerator<Buffer> {
    await this.flush();
    for (let position = from; position < this.size;) {
      const { buffer, bytesRead } = await this.file.read(
        Buffer.allocUnsafe(READ_BYTES),
        0,
        READ_BYTES,
        position,
      );
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** Puts everything on disk, so that nobody who reads finds that there is no room. Others wait for it when somebody began it. @throws SpoolFailed */
  flush(): Promise<void> {
    if (this.pendingCharacters === 0) return this.written;
    const bytes = Buffer.from(this.pending.join(''));
    this.pending = [];
    this.pendingCharacters = 0;
    this.written = this.written.then(async () => {
      await this.write(bytes);
    });
    return this.written;
  }

  /** A disk that is full may take a part first, and say so only then. */
  private async write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const rest = this.file.write(bytes, done, bytes.length - done, this.size);
      const { bytesWritten } = await rest.catch((error: unknown) => {
        throw new SpoolFailed(error);
      });
      done += bytesWritten;
      this.size += bytesWritten;
    }
  }
}
