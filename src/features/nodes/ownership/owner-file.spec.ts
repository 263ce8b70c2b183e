import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OwnerFile } from './owner-file.js';

const ME = '0b0d5dc5-4a0f-4c52-9d8e-5d3b0f1c7a11';
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'margrave-owner-'));
  path = join(folder, 'xray', 'owner.json');
  await new OwnerFile(path).write(ME);
});
afterEach(() => rm(folder, { recursive: true }));

const change = async (facts: object) =>
  writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...facts }));

it('knows nobody to be dead while the owner lives', async () => {
  expect(await new OwnerFile(path).deadReplica()).toBeUndefined();
});

it('knows an owner to be dead whose number belongs to another process now', async () => {
  await change({ identity: 'another' });
  expect(await new OwnerFile(path).deadReplica()).toBe(ME);
});

it('cannot tell of a process on another machine', async () => {
  await change({ identity: 'another', host: 'elsewhere' });
  expect(await new OwnerFile(path).deadReplica()).toBeUndefined();
});

it.each([
  '',
  '{',
  'null',
  '[]',
  '7',
  '{}',
  `{"replicaId":"${ME}"}`,
  '{"replicaId":"x","host":"HOST","pid":1,"identity":"x"}',
  `{"replicaId":"${ME}","host":"HOST","pid":"1","identity":"x"}`,
  `{"replicaId":"${ME}","host":"HOST","pid":1}`,
])('takes a file that is none for none: %s', async (text) => {
  await writeFile(path, text.replace('HOST', hostname()));
  expect(await new OwnerFile(path).replicaId()).toBeUndefined();
  expect(await new OwnerFile(path).deadReplica()).toBeUndefined();
});
