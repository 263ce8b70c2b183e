import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { copies, CORE_CONFIG, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('a disk that takes nothing', () => {
  let dataDir: string;
  let fleet: FakeFleet;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'margrave-no-room-'));
    fleet = await startFakeFleet({ dataDir });
  });
  afterAll(async () => {
    await fleet?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('leaves a core at its work that is to get another config, says so, and is got over', async () => {
    const { id, node } = await fleet.addNode();
    const status = async () => (await fleet.sudo.get(`/api/node/${id}`)).json;
    await eventually(async () => (await status()).status === 'connected');
    const spool = join(dataDir, 'spool');
    await rm(spool, { recursive: true });
    await writeFile(spool, 'no folder'); // nobody can make a file in it, however full the disk of the test is
    const [inbound, ...others] = CORE_CONFIG.inbounds;
    await fleet.sudo.put('/api/core/config', {
      ...CORE_CONFIG,
      inbounds: [{ ...inbound, port: 31_050 }, ...others],
    });
    await eventually(async () => (await status()).message?.includes('cannot be written down'));
    expect(await status()).toMatchObject({ status: 'error' });
    const user = await fleet.addUser('ann');
    await eventually(() => copies(node.core!, `${user}.ann`) === TAGS.length);
    expect(node.starts).toBe(1);
    await rm(spool);
    await eventually(() => node.starts === 2, 30_000);
    await eventually(async () => (await status()).status === 'connected');
    expect(copies(node.core!, `${user}.ann`)).toBe(TAGS.length);
  }, 60_000);
});
