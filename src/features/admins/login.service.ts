import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../shared/database/database.js';
import { LoginRefused, TooManyFailedLogins, TooManyLogins } from './admins.errors.js';
import { AdminsRepository, type Credentials } from './admins.repository.js';
import { limitLogin } from './domain/login-limit.js';
import { KnownLoginsRepository } from './known-logins.repository.js';
import { LoginActivity } from './login-activity.js';
import { limitKeys, LoginFailuresRepository } from './login-failures.repository.js';
import { PasswordChecks } from './password-checks.js';
import { hashPassword, needsRehash } from './passwords.js';

/** Attempts that wait at a time. With the wait of three seconds, a name is guessed at ten times a second at most. */
const MOST_DELAYED = 32;

@Injectable()
export class LoginService {
  /** The last attempt of each address that is being checked. */
  private readonly turns = new Map<string, Promise<void>>();
  private delayed = 0;

  constructor(
    private readonly admins: AdminsRepository,
    private readonly failures: LoginFailuresRepository,
    private readonly known: KnownLoginsRepository,
    private readonly checks: PasswordChecks,
    private readonly activity: LoginActivity,
  ) {}

  /**
   * The admin with this name and password. Throws `LoginRefused`, or `TooManyFailedLogins` when this address has failed
   * too often, on whichever replica, or `TooManyLogins` when more arrive than can be checked; successes never count.
   */
  async check(username: string, password: string, address: string | undefined): Promise<Credentials> {
    const attempt = { username, password, address: address ?? 'gone' };
    // One attempt of an address at a time, or a burst would be through before its first failure is counted.
    return this.inTurn(limitKeys(username, attempt.address).address, () => this.checkNow(attempt));
  }

  /** Removes what no longer counts for or against anybody, by a database that requests need not share; returns how much. */
  async forgetOld(db: Queryable): Promise<{ failures: number; known: number }> {
    return { failures: await this.failures.removeForgotten(db), known: await this.known.prune(db) };
  }

  private async checkNow({ username, password, address }: Attempt): Promise<Credentials> {
    const keys = limitKeys(username, address);
    const [counts, isKnown, found] = await Promise.all([
      this.failures.find(keys),
      this.known.has(username, address),
      this.admins.findCredentialsByName(username),
    ]);
    const { refusedFor, delayedBy } = limitLogin(counts, isKnown);
    if (refusedFor > 0) throw new TooManyFailedLogins(refusedFor);
    if (delayedBy > 0) await this.delay(delayedBy);
    const isRight = await this.checks.check(password, found?.hashedPassword, isKnown);
    const decided = { username, address, admin: found?.admin };
    if (!isRight || !found?.hashedPassword) {
      await Promise.all([this.failures.add(keys), this.activity.note({ ...decided, isRight: false })]);
      throw new LoginRefused();
    }
    await Promise.all([
      this.known.add(found.admin.id, address),
      this.activity.note({ ...decided, isRight: true }),
    ]);
    if (counts.name_and_address) await this.failures.forget(keys.name_and_address);
    if (needsRehash(found.hashedPassword, password)) {
      await this.admins.replaceHash(found.admin.id, found.hashedPassword, await hashPassword(password));
    }
    return found;
  }

  private async delay(seconds: number): Promise<void> {
    if (this.delayed >= MOST_DELAYED) throw new TooManyLogins();
    this.delayed++;
    await sleep(seconds * 1000).finally(() => this.delayed--);
  }

  private async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const attempt = (this.turns.get(key) ?? Promise.resolve()).then(work);
    const over = attempt.then(
      () => undefined,
      () => undefined,
    );
    this.turns.set(key, over);
    try {
      return await attempt;
    } finally {
      if (this.turns.get(key) === over) this.turns.delete(key);
    }
  }
}

interface Attempt {
  username: string;
  password: string;
  address: string;
}
