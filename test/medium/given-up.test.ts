import { afterAll, beforeAll, expect, it } from 'vitest';
import { Database } from '../../src/shared/database/database.js';
import { startApp, type TestApp } from '../support/app.js';

let service: TestApp;
let db: Database;

beforeAll(async () => {
  service = await startApp();
  db = service.app.get(Database, { strict: false });
  await db.run('CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL DEFAULT 0)');
  await db.run('INSERT INTO counters SELECT generate_series(1, 2)');
});
afterAll(() => service?.close());

const valueOf = async (id: number) =>
  (await db.row<{ value: number }>('SELECT value FROM counters WHERE id = $1', [id]))!.value;

/** Resolves for all who wait when there are two. */
function meeting(): () => Promise<void> {
  let meet!: () => void;
  const met = new Promise<void>((resolve) => (meet = resolve));
  let waiting = 0;
  return async () => {
    if (++waiting === 2) meet();
    await met;
  };
}

it('transactions that wait for each other both come to their end', async () => {
  const haveBoth = meeting();
  let runs = 0;
  const count = (ids: number[]) =>
    db.transaction(async (tx) => {
      runs++;
      for (const id of ids) {
        await tx.run('UPDATE counters SET value = value + 1 WHERE id = $1', [id]);
        await haveBoth(); // each its first, so that they are sure to wait for each other
      }
    });
  await Promise.all([count([1, 2]), count([2, 1])]);
  expect([await valueOf(1), await valueOf(2), runs]).toEqual([2, 2, 3]);
});

it('transactions that no order explains follow each other', async () => {
  await db.run('UPDATE counters SET value = 0');
  const haveRead = meeting();
  const copy = (from: number, to: number) =>
    db.transaction(async (tx) => {
      await tx.run('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
      const row = await tx.row<{ value: number }>('SELECT value FROM counters WHERE id = $1', [from]);
      await haveRead();
      await tx.run('UPDATE counters SET value = $2 WHERE id = $1', [to, row!.value + 1]);
    });
  await Promise.all([copy(1, 2), copy(2, 1)]);
  expect([await valueOf(1), await valueOf(2)].toSorted()).toEqual([1, 2]); // one saw what the other wrote
});

it('a statement by itself is run again as well', async () => {
  await db.run('UPDATE counters SET value = 0');
  await db.run(
    `CREATE FUNCTION count(a int, b int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
       UPDATE counters SET value = value + 1 WHERE id = a;
       PERFORM pg_sleep(0.2);
       UPDATE counters SET value = value + 1 WHERE id = b;
     END $$`,
  );
  await Promise.all([db.run('SELECT count(1, 2)'), db.run('SELECT count(2, 1)')]);
  expect([await valueOf(1), await valueOf(2)]).toEqual([2, 2]);
});

it('what fails again and again is not tried for ever', async () => {
  let runs = 0;
  const always = db.transaction(async (tx) => {
    runs++;
    await tx.run("DO $$ BEGIN RAISE 'given up' USING ERRCODE = '40001'; END $$");
  });
  await expect(always).rejects.toMatchObject({ code: '40001' });
  expect(runs).toBe(5);
  await expect(db.transaction(async (tx) => tx.run('SELECT 1 / 0'))).rejects.toMatchObject({ code: '22012' });
});

it('a snapshot is of one moment, and only read', async () => {
  const seen = await db.snapshot(async (tx) => {
    const before = await tx.rows('SELECT * FROM counters ORDER BY id');
    await db.run('UPDATE counters SET value = value + 1');
    return [before, await tx.rows('SELECT * FROM counters ORDER BY id')];
  });
  expect(seen[1]).toEqual(seen[0]);
  await expect(db.snapshot((tx) => tx.run('DELETE FROM counters'))).rejects.toThrow('read-only');
});
