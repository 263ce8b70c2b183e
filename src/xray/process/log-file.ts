import { open, stat, truncate } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

const MAX_BYTES = 10 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const FOLLOW_MS = 200;

/** What a core writes. A file and not a pipe, so that the core outlives this process. */
export class LogFile {
  constructor(readonly path: string) {}

  /** Length in bytes; 0 while there is no file. */
  async size(): Promise<number> {
    return (await stat(this.path).catch(() => undefined))?.size ?? 0;
  }

  /** Empties a file that has grown large. Whoever appends goes on at the start. */
  async trim(): Promise<void> {
    if ((await this.size()) > MAX_BYTES) await truncate(this.path, 0);
  }

  /** What was written after byte `from`, at most 64 KiB of it. */
  async bytesFrom(from: number): Promise<Buffer> {
    const file = await open(this.path, 'r').catch(() => undefined);
    if (!file) return Buffer.alloc(0);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Whole lines until `signal` is aborted: first up to `backlog` of those there are, then new ones as they are written. */
  async *follow(signal: AbortSignal, backlog = 0): AsyncGenerator<string[]> {
    const decoder = new StringDecoder();
    let rest = '';
    const linesOf = (bytes: Buffer) => {
      const lines = (rest + decoder.write(bytes)).split('\n');
      rest = lines.pop() ?? '';
      return lines;
    };
    let position = await this.size();
    if (backlog > 0) {
      const from = Math.max(0, position - CHUNK_BYTES);
      const bytes = await this.bytesFrom(from);
      position = from + bytes.length;
      const lines = linesOf(bytes);
      if (from > 0) lines.shift(); // most likely half a line
      if (lines.length > 0) yield lines.slice(-backlog);
    }
    while (!signal.aborted) {
      const size = await this.size();
      if (size < position) position = 0; // it was emptied
      if (size === position) {
        await sleep(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const bytes = await this.bytesFrom(position);
      position += bytes.length;
      const lines = linesOf(bytes);
      if (lines.length > 0) yield lines;
    }
  }
}
