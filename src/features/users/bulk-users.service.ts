import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import { RangeReversed } from '../../shared/domain/date-range.js';
import { InvalidInput } from '../../shared/domain/errors.js';
import type { Actor, Admin } from '../admins/index.js';
import { BATCH, BulkUsersRepository, type ExpiredRange, type FactsChange } from './bulk-users.repository.js';
import type { ExpiredUsersDto } from './dto/expired-users.dto.js';
import { UserActivity } from './user-activity.js';
import { UserAnnouncements } from './user-announcements.js';
import { NoExpiredUsers } from './users.errors.js';

/** What is done to many users at once. */
@Injectable()
export class BulkUsersService {
  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly users: BulkUsersRepository,
    private readonly activity: UserActivity,
    private readonly announcements: UserAnnouncements,
  ) {}

  /** Names of expired users the admin may see. Throws `RangeReversed`. */
  async findExpired(admin: Admin, dto: ExpiredUsersDto): Promise<string[]> {
    return this.users.findExpired(toRange(admin, dto, this.clock.now()));
  }

  /**
   * Deletes expired users the admin may see and returns their names. One bound must be given: without any, a slip of
   * the hand would delete all of them. Throws `InvalidInput`, `RangeReversed` or `NoExpiredUsers`.
   */
  async deleteExpired(by: Actor, dto: ExpiredUsersDto): Promise<string[]> {
    if (!dto.expired_after && !dto.expired_before) throw noBound();
    const range = toRange(by.admin, dto, this.clock.now());
    const names: string[] = [];
    // Broken off, it leaves the rest as they were.
    for (let isFull = true; isFull;) {
      const { users, isTold } = await this.db.transaction(async (tx) => {
        const users = await this.users.lockExpired(tx, range);
        const ids = users.map(({ id }) => id);
        const isTold = await this.activity.noteRemoval(tx, this.clock.now(), by, ids);
        await this.users.delete(tx, ids);
        return { users, isTold };
      });
      if (users.length > 0) this.announcements.announce(isTold);
      for (const { username } of users) names.push(username);
      isFull = users.length === BATCH;
    }
    if (names.length === 0) throw new NoExpiredUsers();
    return names;
  }

  /** Cuts off the users of an admin that are active or on hold. */
  async disableUsersOf(by: Actor, owner: Admin): Promise<void> {
    await this.changeAll(by, 'disabled', (tx, now) => this.users.disableSomeOf(tx, owner.id, now));
  }

  /**
   * Gives the users that {@link disableUsersOf} cut off the status they had. Whoever should be limited or expired by now
   * becomes so at the next review.
   */
  async activateUsersOf(by: Actor, owner: Admin): Promise<void> {
    await this.changeAll(by, 'activated', (tx, now) => this.users.activateSomeOf(tx, owner.id, now));
  }

  /** Starts the count of everybody's traffic again. */
  async resetAll(by: Actor): Promise<void> {
    await this.changeAll(by, 'reset_with_others', (tx, now, last) => this.users.resetSome(tx, last, now));
  }

  /** Gives an admin all users without an owner; returns how many. */
  async giveOwnerless(by: Actor, owner: Admin): Promise<number> {
    return this.changeAll(by, 'owner', (tx) => this.users.giveSome(tx, owner));
  }

  /**
   * Changes users and notes it, a batch at a time; `last` is the last of the batch before. Broken off, it leaves the rest as
   * they were. Returns how many.
   */
  private async changeAll(
    by: Actor,
    kind: 'disabled' | 'activated' | 'reset_with_others' | 'owner',
    write: (tx: Tx, now: Date, last: number) => Promise<FactsChange[]>,
  ): Promise<number> {
    let last = 0;
    let count = 0;
    for (let isFull = true; isFull;) {
      const changes = await this.db.transaction(async (tx) => {
        const now = this.clock.now();
        const changes = await write(tx, now, last);
        await this.activity.note(
          tx,
          now,
          by,
          changes.map((change) => ({ kind, ...change })),
        );
        return changes;
      });
      if (changes.length > 0) this.announcements.announce();
      last = changes.at(-1)?.after.id ?? last;
      count += changes.length;
      isFull = changes.length === BATCH;
    }
    return count;
  }
}

/** Without an end it is now; one in the future is now too, as nobody has expired after that. */
function toRange(
  admin: Admin | null,
  { expired_after, expired_before }: ExpiredUsersDto,
  now: Date,
): ExpiredRange {
  if (expired_after && expired_before && expired_before < expired_after) throw new RangeReversed();
  return {
    after: expired_after ?? undefined,
    before: expired_before && expired_before < now ? expired_before : now,
    ownerId: admin === null || admin.isSudo ? undefined : admin.id,
  };
}

function noBound(): InvalidInput {
  const msg = 'Value error, expired_after or expired_before must be given';
  return new InvalidInput([{ loc: ['query', 'expired_before'], msg, type: 'value_error' }]);
}
