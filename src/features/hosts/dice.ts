import { randomFillSync } from 'node:crypto';
import type { Dice } from '../../client-configs/index.js';

const POOL_BYTES = 8192;
const SALT_BYTES = 8;

/** Chance from the operating system, drawn in bulk: links need many small draws. */
export class RandomDice implements Dice {
  private readonly pool = Buffer.alloc(POOL_BYTES);
  private used = POOL_BYTES;

  /** Uniform for all lengths that occur: the bias is below one in a million. */
  pick(length: number): number {
    return this.pool.readUInt32LE(this.draw(4)) % length;
  }

  salt(): string {
    const start = this.draw(SALT_BYTES);
    return this.pool.toString('hex', start, start + SALT_BYTES);
  }

  /** Where `bytes` fresh bytes begin in the pool. */
  private draw(bytes: number): number {
    if (this.used + bytes > POOL_BYTES) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    this.used += bytes;
    return this.used - bytes;
  }
}
