import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { OldActivity } from '../../src/features/system/old-activity.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const NOW = new Date('2030-01-10T00:00:00.000Z');

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet?.close());
beforeEach(async () => {
  await fleet.sql('DELETE FROM activity');
  await fleet.sql(
    `INSERT INTO activity (at, action, actor_kind, subject_kind)
     SELECT $1::timestamptz - make_interval(hours => 24 * (i / 3000)), 'x', 'system', 'user' FROM generate_series(29999, 0, -1) i`,
    [NOW],
  );
});

const prune = (days: number) =>
  fleet.app.get(OldActivity, { strict: false }).prune({ at: NOW, guard: async () => undefined }, days);
const count = async () =>
  (await fleet.sql<{ count: number }>('SELECT count(*)::int FROM activity'))[0]!.count;

it('what was done is kept for so many days', async () => {
  expect(await prune(3)).toBe(18_000);
  expect(await prune(3)).toBe(0);
  expect(await count()).toBe(12_000);
});

it('what was done is kept for ever with 0 days', async () => {
  expect(await prune(0)).toBe(0);
  expect(await count()).toBe(30_000);
});
