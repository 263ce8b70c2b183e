import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartupError } from '../../../../config/startup-error.js';
import { dataDirId } from './data-dir-id.js';

describe('the identity of a data folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-dir-id-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is one, also for many processes that start at once, and stays', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => dataDirId(join(folder, 'new'))));
    expect(new Set(ids).size).toBe(1);
    expect(await dataDirId(join(folder, 'new'))).toBe(ids[0]);
    expect(await readdir(join(folder, 'new'))).toEqual(['identity']);
  });

  it('is another one in another folder', async () => {
    expect(await dataDirId(join(folder, 'a'))).not.toBe(await dataDirId(join(folder, 'b')));
  });

  it.each(['', 'x', '{}', '00000000'])('is never guessed from a file that holds %j', async (text) => {
    await writeFile(join(folder, 'identity'), text);
    await expect(dataDirId(folder)).rejects.toThrow(StartupError);
  });

  it('says where it cannot be kept', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(dataDirId(join(folder, 'file'))).rejects.toThrow(/Cannot read or write .*identity/);
  });
});
