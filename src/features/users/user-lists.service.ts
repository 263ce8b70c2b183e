import { Injectable } from '@nestjs/common';
import type { Admin } from '../admins/index.js';
import { parseSort } from './domain/user-sort.js';
import type { UserListDto } from './dto/user-list.dto.js';
import type { UserDto } from './dto/user-response.dto.js';
import { type Page, UserListRepository, type UserQuery } from './user-list.repository.js';
import { UserPresenter } from './user-presenter.js';
import { InvalidSortOption } from './users.errors.js';

/** Up to so many users are read at once, more in batches. */
const LONGEST_PAGE = 1_000;
/** Small enough that making one does not hold up other requests. */
const BATCH = 250;

/** Users as they come, and how many there are without offset and limit. */
export interface UserList {
  batches: Iterable<UserDto[]> | AsyncIterable<UserDto[]>;
  /** Asked after the last batch. */
  total(): number | Promise<number>;
}

/** Lists of the users an admin may see. */
@Injectable()
export class UserListsService {
  constructor(
    private readonly users: UserListRepository,
    private readonly presenter: UserPresenter,
  ) {}

  /** What the query asks for; an admin without sudo sees his own users only. Throws `InvalidSortOption`. */
  async list(admin: Admin, dto: UserListDto): Promise<UserList> {
    const query = toUserQuery(admin, dto);
    const page: Page = { offset: dto.offset ?? 0, limit: dto.limit || undefined };
    if (page.limit === undefined || page.limit > LONGEST_PAGE) return this.inBatches(admin, query, page);
    const [users, total] = await Promise.all([this.users.page(query, page), this.users.count(query)]);
    return { batches: [users.map((user) => this.presenter.forAdmin(user, admin))], total: () => total };
  }

  /**
   * Which users is settled at once, what they are when their turn comes: between batches nothing is held for a client
   * that takes its time.
   */
  private inBatches(admin: Admin, query: UserQuery, page: Page): UserList {
    const { users, presenter } = this;
    let ids: number[] = [];
    async function* batches() {
      ids = await users.ids(query, page);
      for (let at = 0; at < ids.length; at += BATCH) {
        const batch = await users.byIds(ids.slice(at, at + BATCH));
        if (batch.length > 0) yield batch.map((user) => presenter.forAdmin(user, admin));
      }
    }
    const reachedTheEnd = () =>
      (page.limit === undefined || ids.length < page.limit) && (page.offset === 0 || ids.length > 0);
    return {
      batches: batches(),
      total: () => (reachedTheEnd() ? page.offset + ids.length : users.count(query)),
    };
  }
}

function toUserQuery(admin: Admin, dto: UserListDto): UserQuery {
  const sort = dto.sort === undefined ? { order: [] } : parseSort(dto.sort);
  if ('invalid' in sort) throw new InvalidSortOption(sort.invalid);
  return {
    usernames: dto.username,
    search: dto.search || undefined,
    status: dto.status,
    sort: sort.order,
    ...(admin.isSudo ? { owners: dto.admin } : { ownerId: admin.id }),
  };
}
