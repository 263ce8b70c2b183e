import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OwnerFile } from './owner-file.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'margrave-owner-'));
  path = join(folder, 'xray', 'owner.json');
  await new OwnerFile(path).write('me');
});
afterEach(() => rm(folder, { recursive: true }));

const change = async (facts: object) =>
  writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...facts }));

it('knows nobody to be dead while the owner lives', async () => {
  expect(await new OwnerFile(path).deadReplica()).toBeUndefined();
});

it('knows an owner to be dead whose number belongs to another process now', async () => {
  await change({ identity: 'another' });
  expect(await new OwnerFile(path).deadReplica()).toBe('me');
});

it('cannot tell of a process on another machine', async () => {
  await change({ identity: 'another', host: 'elsewhere' });
  expect(await new OwnerFile(path).deadReplica()).toBeUndefined();
});

it('takes a file it cannot read for none', async () => {
  await writeFile(path, '{');
  expect(await new OwnerFile(path).deadReplica()).toBeUndefined();
});
