import { Injectable } from '@nestjs/common';
import type { Tx } from '../../../shared/database/database.js';
import type { Statement } from '../../../shared/database/statement.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { RemovableUser, RemovalRule } from '../domain/removal.js';
import { lockUsage } from '../lock-usage.js';

const DAY_MS = 86_400_000;

// The conditions of the two indexes, word by word.
const DUE = /* sql */ `
  SELECT id FROM users
   WHERE status IN ('limited', 'expired') AND auto_delete_in_days >= 0 AND status = ANY ($1::user_status[])
     AND extract(epoch FROM status_changed_at AT TIME ZONE 'UTC') + auto_delete_in_days * 86400::bigint
         <= extract(epoch FROM $2::timestamptz AT TIME ZONE 'UTC')
     AND id <> ALL ($3::int[])`;
const DUE_BY_RULE = /* sql */ `
  SELECT id FROM users
   WHERE status IN ('limited', 'expired') AND auto_delete_in_days IS NULL AND status = ANY ($1::user_status[])
     AND status_changed_at <= $4 AND id <> ALL ($3::int[])`;

const LOCK: Statement = {
  name: 'users_lock_to_remove',
  text: 'SELECT FROM users WHERE id = ANY ($1::int[]) ORDER BY id FOR UPDATE',
};

const READ: Statement = {
  name: 'users_to_remove',
  text: `SELECT id, status, status_changed_at AS "statusChangedAt", auto_delete_in_days AS "autoDeleteInDays"
           FROM users WHERE id = ANY ($1::int[]) ORDER BY id`,
};

const REMOVE: Statement = { name: 'users_remove', text: 'DELETE FROM users WHERE id = ANY ($1::int[])' };

/** Users whose time is long over. */
@Injectable()
export class RemovalsRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Users that are to be deleted by now, at most so many of them, without these. */
  async findDue(rule: RemovalRule, at: Date, most: number, without: readonly number[]): Promise<number[]> {
    const values: unknown[] = [rule.includesLimited ? ['expired', 'limited'] : ['expired'], at, without];
    if (rule.days >= 0) values.push(new Date(at.getTime() - rule.days * DAY_MS));
    const due = rule.days >= 0 ? `${DUE} UNION ALL ${DUE_BY_RULE}` : DUE;
    return (await this.db.rows<{ id: number }>(`${due} LIMIT ${most}`, values)).map(({ id }) => id);
  }

  /** Locks and returns those of the given users that are still there, and their traffic: the deletion comes to it in any order. */
  async lock(tx: Tx, ids: readonly number[]): Promise<(RemovableUser & { id: number })[]> {
    await tx.run(LOCK, [ids]);
    await lockUsage(tx, ids);
    return tx.rows(READ, [ids]);
  }

  /** Deletes locked users with all that is known of them. */
  async remove(tx: Tx, ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await tx.run(REMOVE, [ids]);
  }
}
