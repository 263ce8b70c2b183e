import { expect, it } from 'vitest';
import { Gathering } from './gathering.js';

/** Readings that are answered when the test says so. */
function held() {
  const readings: { keys: readonly number[]; resolve(answer: string): void; reject(error: Error): void }[] =
    [];
  const read = (keys: readonly number[]) =>
    new Promise<string>((resolve, reject) => readings.push({ keys, resolve, reject }));
  return { readings, read };
}
/** Until `count` readings have begun. */
const begun = async (readings: readonly unknown[], count: number) => {
  while (readings.length < count) await new Promise((resolve) => setImmediate(resolve));
};

it('reads once for all who ask meanwhile, each key once', async () => {
  const { readings, read } = held();
  const gathering = new Gathering(1, read);
  const asked = [[1, 2], [2, 3], [1]].map((keys) => gathering.ask(keys));
  await begun(readings, 1);
  readings[0]!.resolve('all');
  expect(await Promise.all(asked)).toEqual(['all', 'all', 'all']);
  expect(readings.map(({ keys }) => keys)).toEqual([[1, 2, 3]]);
});

it('answers nobody by a reading that began before he asked, nor by one that was refused to others', async () => {
  const { readings, read } = held();
  const gathering = new Gathering(1, read);
  const first = gathering.ask([1]);
  await begun(readings, 1);
  const second = gathering.ask([1]);
  await begun(readings, 2);
  readings[0]!.reject(new Error('no'));
  readings[1]!.resolve('new');
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe('new');
});

it('reads no more keys at once than it may, unless one asks for more', async () => {
  const { readings, read } = held();
  const gathering = new Gathering(1, read, 3);
  void gathering.ask([1, 2]);
  void gathering.ask([2, 3]);
  void gathering.ask([3, 4]);
  void gathering.ask([5, 4]);
  void gathering.ask([6, 7, 8, 9]);
  await begun(readings, 3);
  expect(readings.map(({ keys }) => keys)).toEqual([
    [1, 2, 3],
    [3, 4, 5],
    [6, 7, 8, 9],
  ]);
});
