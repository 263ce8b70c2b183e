import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Spool } from './spool.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spool-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('gives what was put in, to each reader from its own start, and leaves no file behind', async () => {
  const spool = await Spool.make(join(folder, 'new'));
  expect(await readdir(join(folder, 'new'))).toEqual([]);
  const parts = Array.from({ length: 3_000 }, (_, i) => `${i} é 😀 ${'x'.repeat(i % 500)}\n`);
  for (const part of parts) await spool.append(part);
  const whole = parts.join('');
  expect(whole.length).toBeGreaterThan(600_000);
  expect(await Promise.all([text(spool.read()), text(spool.read(2)), text(spool.read())])).toEqual([
    whole,
    whole.slice(2),
    whole,
  ]);
  await spool.close();
});

it('gives all readers all of it that come at once, also while it is still to be written', async () => {
  const spool = await Spool.make(folder);
  await spool.append('short');
  expect(await Promise.all([1, 2, 3].map(() => text(spool.read())))).toEqual(['short', 'short', 'short']);
  await spool.close();
});

it('may be empty', async () => {
  const spool = await Spool.make(folder);
  await spool.append('');
  expect(await text(spool.read())).toBe('');
  expect(await text(spool.read(1))).toBe('');
  await spool.close();
});
