import { Injectable } from '@nestjs/common';
import type { Admin } from '../admins/index.js';
import { parseSort } from './domain/user-sort.js';
import type { User } from './domain/user.js';
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
export interface UserList<Shown = UserDto> {
  batches: Iterable<Shown[]> | AsyncIterable<Shown[]>;
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
    return this.shown(toUserQuery(admin, dto), dto, (user) => this.presenter.forAdmin(user, admin));
  }

  /** What the query asks for of all users, whosesoever. Throws `InvalidSortOption`. */
  async all(dto: UserListDto): Promise<UserList<User>> {
    return this.shown(toUserQuery(null, dto), dto, (user) => user);
  }

  private async shown<Shown>(
    query: UserQuery,
    dto: UserListDto,
    show: (user: User) => Shown,
  ): Promise<UserList<Shown>> {
    const page: Page = { offset: dto.offset ?? 0, limit: dto.limit || undefined };
    if (page.limit === undefined || page.limit > LONGEST_PAGE) return this.inBatches(query, page, show);
    const [users, total] = await Promise.all([this.users.page(query, page), this.users.count(query)]);
    return { batches: [users.map(show)], total: () => total };
  }

  /**
   * Which users is settled at once, what they are when their turn comes: between batches nothing is held for a client
   * that takes its time.
   */
  private inBatches<Shown>(query: UserQuery, page: Page, show: (user: User) => Shown): UserList<Shown> {
    const { users } = this;
    let ids: number[] = [];
    async function* batches() {
      ids = await users.ids(query, page);
      for (let at = 0; at < ids.length; at += BATCH) {
        const batch = await users.byIds(ids.slice(at, at + BATCH));
        if (batch.length > 0) yield batch.map(show);
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

function toUserQuery(admin: Admin | null, dto: UserListDto): UserQuery {
  const sort = dto.sort === undefined ? { order: [] } : parseSort(dto.sort);
  if ('invalid' in sort) throw new InvalidSortOption(sort.invalid);
  return {
    usernames: dto.username,
    search: dto.search || undefined,
    status: dto.status,
    sort: sort.order,
    ...(admin === null || admin.isSudo ? { owners: dto.admin } : { ownerId: admin.id }),
  };
}
