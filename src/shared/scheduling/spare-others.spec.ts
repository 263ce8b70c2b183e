import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JobLost } from './job-run.js';
import { spareOthers } from './spare-others.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

it('does the work for all but those that spoil it, each once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 40 }), fc.array(fc.nat(39)), async (count, bad) => {
      const done: number[] = [];
      const spared: number[] = [];
      const work = async (items: readonly number[]) => {
        if (items.some((item) => bad.includes(item))) throw new Error('bad');
        done.push(...items);
        return items.length;
      };
      const parts = await spareOthers(numbers(count), work, (item) => spared.push(item));
      expect(done).toEqual(numbers(count).filter((item) => !bad.includes(item)));
      expect(spared).toEqual(numbers(count).filter((item) => bad.includes(item)));
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(done.length);
    }),
  );
});

it.each([
  ['goes on elsewhere', new JobLost('x')],
  ['has no database', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
])('does not look for a culprit when the work %s', async (_, error) => {
  let tries = 0;
  const work = async () => {
    tries++;
    throw error;
  };
  await expect(spareOthers([1, 2], work, () => undefined)).rejects.toBe(error);
  expect(tries).toBe(1);
});
