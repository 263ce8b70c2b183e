import { performance } from 'node:perf_hooks';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Activities } from '../../shared/activity/activities.js';
import { NOTICES_CHANNEL, type Notice } from '../../shared/activity/activity.js';
import { targetsOf } from '../../shared/activity/targets.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { Database } from '../../shared/database/database.js';
import type { Admin } from './admin.js';
import { PerMinute } from './domain/per-minute.js';
import { plainAddress } from './domain/network.js';

/** A stranger with many addresses fails as often as passwords can be checked; chats and tables need not hear of all. */
const MOST_FAILURES = 30;
/** What was typed as a name is anything. */
const MOST_CHARACTERS = 128;

/** A login that was decided by its password, which nobody is told. */
export interface DecidedLogin {
  username: string;
  address: string;
  isRight: boolean;
  /** Whoever has that name. */
  admin: Admin | undefined;
}

/** Notes logins, and tells people of them. */
@Injectable()
export class LoginActivity {
  private readonly logger = new Logger('Logins');
  private readonly failures = new PerMinute(MOST_FAILURES);

  constructor(
    private readonly db: Database,
    private readonly activities: Activities,
    private readonly config: Config,
    private readonly clock: DatabaseClock,
    private readonly events: DatabaseEvents,
  ) {}

  /** In one statement. Never fails: no login does because it cannot be noted. */
  async note(login: DecidedLogin): Promise<void> {
    if (!login.isRight && !this.mayFail()) return;
    const { isRight, admin } = login;
    const address = plainAddress(login.address).slice(0, MOST_CHARACTERS);
    const who = { id: admin?.id ?? null, name: admin?.username ?? null };
    try {
      const isTold = await this.activities.note(
        this.db,
        this.clock.now(),
        [
          {
            action: 'login',
            by: { kind: 'admin', ...(isRight ? who : { id: null, name: null }) },
            // A name that is nobody's may be a password in the wrong field, and is not kept.
            subject: { kind: 'admin', ...who },
            after: { isRight, address },
          },
        ],
        this.noticesOf(login, address),
      );
      if (isTold) this.events.hint(NOTICES_CHANNEL);
    } catch (error) {
      this.logger.warn({ err: error }, 'A login could not be noted');
    }
  }

  private mayFail(): boolean {
    const gate = this.failures.pass(performance.now());
    if (gate === 'first refused') {
      this.logger.warn(`More than ${MOST_FAILURES} logins failed within a minute; the others are not told`);
    }
    return gate === 'passes';
  }

  private noticesOf({ username, isRight }: DecidedLogin, address: string): Notice[] {
    const { notifications } = this.config;
    if (isRight && notifications.knownLoginAddresses.includes(address)) return [];
    const extra = { username: [...username].slice(0, MOST_CHARACTERS).join(''), address, isRight };
    const targets = targetsOf(notifications, 'login', null);
    return [{ action: 'login', user: null, by: null, snapshot: null, extra, targets }];
  }
}
