import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { Gathering } from '../../../shared/scheduling/gathering.js';
import type { CoreUser } from '../../../xray/config/types.js';
import { CoreUsersRepository } from '../../users/index.js';
import type { OutboxPlace } from '../domain/change-cursor.js';
import { UserChangesRepository } from './user-changes.repository.js';

/** A change concerns every node: those who want to know within so many milliseconds ask together. */
const GATHER_MS = 5;
/** Users asked for at once; one node asks for at most half as many. */
const LIMIT = 2_000;

/** The users that should have accounts on every node. */
@Injectable()
export class DesiredUsers {
  private readonly gathering = new Gathering<number, ReadonlyMap<number, CoreUser>>(
    GATHER_MS,
    async (ids) => new Map((await this.users.byIds(this.db, ids)).map((user) => [user.id, user])),
    LIMIT,
  );

  private readonly sharing = new Gathering<string, readonly { credential: string; id: number }[]>(
    GATHER_MS,
    (credentials) => this.users.sharing(this.db, credentials),
    LIMIT,
  );

  constructor(
    private readonly db: WorkerDatabase,
    private readonly users: CoreUsersRepository,
    private readonly changes: UserChangesRepository,
  ) {}

  /** Those of these users, as they are now, in no order; asked for together with what other nodes ask for. */
  async byIds(ids: readonly number[]): Promise<CoreUser[]> {
    const users = await this.gathering.ask(ids);
    const found = ids.flatMap((id) => users.get(id) ?? []);
    // Whoever is not there is taken off the nodes: not because the table is just being restored.
    if (found.length < ids.length) await this.changes.horizon();
    return found;
  }

  /** Users who have one of these credentials, which a core that has forgotten them has to be told again. */
  async sharersOf(credentials: readonly string[]): Promise<{ credential: string; id: number }[]> {
    const asked = new Set(credentials);
    const found = await this.sharing.ask([...asked]);
    return found.filter(({ credential }) => asked.has(credential));
  }

  /** Hands over all of them as of one moment. Returns the place in the outbox that belongs to that moment. */
  async snapshot(take: (users: readonly CoreUser[]) => void | Promise<void>): Promise<OutboxPlace> {
    return this.db.snapshot(async (tx) => {
      const place = await this.changes.horizon(tx);
      for await (const batch of this.users.all(tx)) await take(batch);
      return place;
    });
  }
}
