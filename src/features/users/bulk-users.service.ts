import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { RangeReversed } from '../../shared/domain/date-range.js';
import { InvalidInput } from '../../shared/domain/errors.js';
import type { Admin } from '../admins/index.js';
import { BulkUsersRepository, type ExpiredRange } from './bulk-users.repository.js';
import type { ExpiredUsersDto } from './dto/expired-users.dto.js';
import { UserAnnouncements } from './user-announcements.js';
import { NoExpiredUsers } from './users.errors.js';

/** What is done to many users at once. */
@Injectable()
export class BulkUsersService {
  constructor(
    private readonly clock: DatabaseClock,
    private readonly users: BulkUsersRepository,
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
  async deleteExpired(admin: Admin, dto: ExpiredUsersDto): Promise<string[]> {
    if (!dto.expired_after && !dto.expired_before) throw noBound();
    const names = await this.users.deleteExpired(toRange(admin, dto, this.clock.now()));
    if (names.length === 0) throw new NoExpiredUsers();
    this.announcements.announce();
    return names;
  }

  /** Cuts off the users of an admin that are active or on hold. */
  async disableUsersOf(owner: Admin): Promise<void> {
    if ((await this.users.disableOf(owner.id, this.clock.now())) > 0) this.announcements.announce();
  }

  /**
   * Gives the users that {@link disableUsersOf} cut off the status they had. Whoever should be limited or expired by now
   * becomes so at the next review.
   */
  async activateUsersOf(owner: Admin): Promise<void> {
    if ((await this.users.activateOf(owner.id, this.clock.now())) > 0) this.announcements.announce();
  }

  /** Starts the count of everybody's traffic again. */
  async resetAll(): Promise<void> {
    await this.users.resetAll(this.clock.now());
    this.announcements.announce();
  }
}

/** Without an end it is now; one in the future is now too, as nobody has expired after that. */
function toRange(admin: Admin, { expired_after, expired_before }: ExpiredUsersDto, now: Date): ExpiredRange {
  if (expired_after && expired_before && expired_before < expired_after) throw new RangeReversed();
  return {
    after: expired_after ?? undefined,
    before: expired_before && expired_before < now ? expired_before : now,
    ownerId: admin.isSudo ? undefined : admin.id,
  };
}

function noBound(): InvalidInput {
  const msg = 'Value error, expired_after or expired_before must be given';
  return new InvalidInput([{ loc: ['query', 'expired_before'], msg, type: 'value_error' }]);
}
