import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PeriodicJobs } from '../../shared/scheduling/periodic-jobs.js';
import { LoginRefused, TooManyFailedLogins } from './admins.errors.js';
import { AdminsRepository, type Credentials } from './admins.repository.js';
import { type LimitedBy, waitSeconds } from './domain/login-limit.js';
import { limitKeys, type LimitKeys, LoginFailuresRepository } from './login-failures.repository.js';
import { hashPassword, isPassword, needsRehash } from './passwords.js';

const CLEANUP_SECONDS = 3600;

@Injectable()
export class LoginService implements OnModuleInit {
  /** The last attempt of each address that is being checked. */
  private readonly turns = new Map<string, Promise<void>>();

  constructor(
    private readonly admins: AdminsRepository,
    private readonly failures: LoginFailuresRepository,
    private readonly jobs: PeriodicJobs,
  ) {}

  onModuleInit(): void {
    this.jobs.every('login-failures', CLEANUP_SECONDS, () => this.failures.removeForgotten());
  }

  /**
   * The admin with this name and password. Throws `LoginRefused`, or `TooManyFailedLogins` when this name or address
   * has failed too often, on whichever replica; successes never count.
   */
  async check(username: string, password: string, address: string | undefined): Promise<Credentials> {
    const keys = limitKeys(username, address ?? 'gone');
    // One attempt of an address at a time, or a burst would be through before its first failure is counted.
    return this.inTurn(keys.address, () => this.checkNow(username, password, keys));
  }

  private async checkNow(username: string, password: string, keys: LimitKeys): Promise<Credentials> {
    const [counts, found] = await Promise.all([
      this.failures.find(keys),
      this.admins.findCredentialsByName(username),
    ]);
    const now = new Date();
    const waits = Object.entries(keys).map(([by, key]) => waitSeconds(by as LimitedBy, counts.get(key), now));
    const wait = Math.max(...waits);
    if (wait > 0) throw new TooManyFailedLogins(wait);
    if (!(await isPassword(password, found?.hashedPassword)) || !found?.hashedPassword) {
      await this.failures.add(keys);
      throw new LoginRefused();
    }
    if (counts.has(keys.name_and_address)) await this.failures.forget(keys.name_and_address);
    if (needsRehash(found.hashedPassword)) {
      await this.admins.replaceHash(found.admin.id, found.hashedPassword, await hashPassword(password));
    }
    return found;
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
