import { expect, it } from 'vitest';
import { Shares } from './shares.js';

it('gives each of those at work his part, within the bounds', async () => {
  const shares = new Shares(100, 4, 40);
  const seen: number[] = [];
  const ends: (() => void)[] = [];
  const works: Promise<void>[] = [];
  for (let i = 0; i < 60; i++) {
    works.push(shares.during(() => new Promise((resolve) => ends.push(resolve))));
    seen.push(shares.each);
  }
  expect([seen[0], seen[2], seen[9], seen[59]]).toEqual([40, 33, 10, 4]);
  for (const end of ends) end();
  await Promise.all(works);
  expect(shares.each).toBe(40);
});

it('counts those who fail no more', async () => {
  const shares = new Shares(10, 1, 10);
  await expect(shares.during(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  expect(shares.each).toBe(10);
});
