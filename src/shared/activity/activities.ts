import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import type { Activity, Notice } from './activity.js';

const NOTE_COLUMNS = `activity (at, action, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name,
                                before, after)`;

const NOTED = `SELECT $1::timestamptz, action, kind, actor, actor_name, subject_kind, subject, subject_name, before, after
                 FROM unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                             $9::json[], $10::json[])
                      WITH ORDINALITY AS a (action, kind, actor, actor_name, subject_kind, subject, subject_name, before,
                                            after, n)
                ORDER BY n`;

/**
 * For the statement that makes something, and is all that its request writes: it notes that as well, which costs no
 * further round trip. Goes behind a CTE `added` with the `id`; its values, from `$first` on, are `noteValues`.
 */
export const notingAdded = (first: number): string => {
  const [at, action, kind, actor, name, subjectKind, subjectName, before, after] = NOTE_TYPES.map(
    (type, n) => `$${first + n}::${type}`,
  );
  return `noted AS (
           INSERT INTO ${NOTE_COLUMNS}
           SELECT ${at}, ${action}, ${kind}, ${actor}, ${name}, ${subjectKind}, added.id, ${subjectName}, ${before}, ${after}
             FROM added
         )`;
};

const NOTE_TYPES = ['timestamptz', 'text', 'text', 'int', 'text', 'text', 'text', 'json', 'json'];

export function noteValues(at: Date, { action, by, subject, before, after }: Activity): unknown[] {
  return [at, action, by.kind, by.id, by.name, subject.kind, subject.name, toJson(before), toJson(after)];
}

const NOTE: Statement = { name: 'activity_note', text: `INSERT INTO ${NOTE_COLUMNS} ${NOTED}` };

const NOTE_AND_TELL: Statement = {
  name: 'activity_note_and_tell',
  text: `WITH noted AS (
           INSERT INTO ${NOTE_COLUMNS} ${NOTED}
         ), told AS (
           INSERT INTO notification (id, at, action, user_id, username, by, "user", extra)
           SELECT id, $1::timestamptz, action, user_id, username, by, "user", extra
             FROM unnest($11::uuid[], $12::text[], $13::int[], $14::text[], $15::json[], $16::json[], $17::json[])
               AS t (id, action, user_id, username, by, "user", extra)
         )
         INSERT INTO notification_delivery (notification_id, target, username, send_at)
         SELECT id, target, username, $1::timestamptz
           FROM unnest($18::uuid[], $19::text[], $20::text[]) WITH ORDINALITY AS d (id, target, username, n)
          ORDER BY n`,
};

/** What was done and who has to be told, written in the transaction of the change itself. */
@Injectable()
export class Activities {
  /**
   * Notes changes, and keeps the notices that go anywhere until they are sent; in order. Whoever writes about users has
   * them locked, so that notices of one user come in the order of its changes. True when there is something to send: after
   * the commit, `NOTICES_CHANNEL` is to be told.
   */
  async note(
    tx: Queryable,
    at: Date,
    activities: readonly Activity[],
    notices: readonly Notice[],
  ): Promise<boolean> {
    if (activities.length === 0 && notices.length === 0) return false;
    const noted = [
      at,
      activities.map(({ action }) => action),
      activities.map(({ by }) => by.kind),
      activities.map(({ by }) => by.id),
      activities.map(({ by }) => by.name),
      activities.map(({ subject }) => subject.kind),
      activities.map(({ subject }) => subject.id),
      activities.map(({ subject }) => subject.name),
      activities.map(({ before }) => toJson(before)),
      activities.map(({ after }) => toJson(after)),
    ];
    const told = notices
      .filter(({ targets }) => targets.length > 0)
      .map((notice) => ({ id: randomUUID(), notice }));
    if (told.length === 0) {
      await tx.run(NOTE, noted);
      return false;
    }
    const deliveries = told.flatMap(({ id, notice }) =>
      notice.targets.map((target) => ({ id, target, username: notice.user?.username ?? null })),
    );
    await tx.run(NOTE_AND_TELL, [
      ...noted,
      told.map(({ id }) => id),
      told.map(({ notice }) => notice.action),
      told.map(({ notice }) => notice.user?.id ?? null),
      told.map(({ notice }) => notice.user?.username ?? null),
      told.map(({ notice }) => toJson(notice.by)),
      told.map(({ notice }) => toJson(notice.snapshot)),
      told.map(({ notice }) => toJson(notice.extra)),
      deliveries.map(({ id }) => id),
      deliveries.map(({ target }) => target),
      deliveries.map(({ username }) => username),
    ]);
    return true;
  }
}

export function toJson(value: object | null | undefined): string | null {
  if (value === undefined || value === null) return null;
  return JSON.stringify(holdsBigInt(value) ? withTexts(value) : value);
}

function holdsBigInt(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  for (const name in value) if (holdsBigInt((value as Record<string, unknown>)[name])) return true;
  return false;
}

/** The same with 64-bit integers as texts, since readers of JSON may cut them. A replacer is asked too late: `toJSON` is before it. */
function withTexts(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withTexts(part)]));
}
