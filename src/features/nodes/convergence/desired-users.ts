import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { CoreUser } from '../../../xray/config/types.js';
import { CoreUsersRepository } from '../../users/index.js';
import type { OutboxPlace } from '../domain/change-cursor.js';
import { UserChangesRepository } from './user-changes.repository.js';

/** The users that should have accounts on every node. */
@Injectable()
export class DesiredUsers {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly users: CoreUsersRepository,
    private readonly changes: UserChangesRepository,
  ) {}

  byIds(ids: readonly number[]): Promise<CoreUser[]> {
    return this.users.byIds(this.db, ids);
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
