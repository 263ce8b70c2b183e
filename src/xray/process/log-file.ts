import { open, stat, truncate } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

const MAX_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;
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

  /** The last `count` lines, or fewer. */
  async lastLines(count: number): Promise<string[]> {
    const size = await this.size();
    const from = Math.max(0, size - TAIL_BYTES);
    const lines = (await this.bytesFrom(from)).toString().split('\n');
    if (from > 0) lines.shift(); // most likely half a line
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
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

  /** Whole lines as they are written from now on, until `signal` is aborted. */
  async *follow(signal: AbortSignal): AsyncGenerator<string[]> {
    let position = await this.size();
    let rest = '';
    const decoder = new StringDecoder();
    while (!signal.aborted) {
      const size = await this.size();
      if (size < position) position = 0; // it was emptied
      if (size === position) {
        await sleep(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const bytes = await this.bytesFrom(position);
      position += bytes.length;
      const lines = (rest + decoder.write(bytes)).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines;
    }
  }
}
