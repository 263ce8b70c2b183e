import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { TooManyLogins } from './admins.errors.js';
import { isPassword } from './passwords.js';

/** A check keeps one core busy; one is left to everything else, and the thread pool has four places for all its work. */
const AT_A_TIME = Math.min(Math.max(availableParallelism() - 1, 1), 2);
const LONGEST_LINE = 64;

/**
 * The checks of passwords, which are costly by intent: a few at a time, so that a flood of them slows nothing else. Who
 * is known comes first, so that strangers in the line do not keep them waiting.
 */
@Injectable()
export class PasswordChecks {
  private running = 0;
  private readonly known: (() => void)[] = [];
  private readonly strangers: (() => void)[] = [];

  /** Whether `password` is the one of `hash`. @throws TooManyLogins when the line is too long to join it. */
  async check(password: string, hash: string | null | undefined, isKnown: boolean): Promise<boolean> {
    await this.turn(isKnown ? this.known : this.strangers);
    try {
      return await isPassword(password, hash);
    } finally {
      const next = this.known.shift() ?? this.strangers.shift();
      if (next) next();
      else this.running--;
    }
  }

  private async turn(line: (() => void)[]): Promise<void> {
    if (this.running < AT_A_TIME) {
      this.running++;
      return;
    }
    if (line.length >= LONGEST_LINE) throw new TooManyLogins();
    await new Promise<void>((admit) => line.push(admit));
  }
}
