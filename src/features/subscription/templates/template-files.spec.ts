import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Config } from '../../../config/config.js';
import { ClientTemplates } from './client-templates.js';
import { findTemplates, readTemplates } from './template-files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-files-'));
  await mkdir(join(folder, 'clash'));
  await writeFile(join(folder, 'clash/default.yml'), 'mine: 1');
});
afterEach(() => rm(folder, { recursive: true }));

async function found() {
  const { files, unread } = await findTemplates(folder);
  const read = await readTemplates(files);
  return { names: [...read.sources.keys()], unread: [...unread, ...read.unread].map(({ name }) => name) };
}

it('templates are found by their names in the folder', async () => {
  expect(await found()).toEqual({ names: ['clash/default.yml'], unread: [] });
});

it('links to files and folders are followed, as in a mounted config map', async () => {
  await mkdir(join(folder, '..2026'));
  await writeFile(join(folder, '..2026/settings.yml'), 'a: 1');
  await symlink('..2026', join(folder, '..data'));
  await symlink('..data/settings.yml', join(folder, 'settings.yml'));
  await symlink('clash', join(folder, 'other'));
  await symlink('.', join(folder, 'self')); // without an end
  const { names, unread } = await found();
  expect(names).toEqual(expect.arrayContaining(['clash/default.yml', 'other/default.yml', 'settings.yml']));
  expect(names).toHaveLength(5);
  expect(unread).toEqual([]);
});

it('what cannot be read, or is too large, leaves the others alone and is named', async () => {
  await symlink('nowhere', join(folder, '.#default.yml')); // as an editor leaves it
  await writeFile(join(folder, 'clash/large.yml'), 'x'.repeat(1024 * 1024 + 1));
  expect(await found()).toEqual({
    names: ['clash/default.yml'],
    unread: ['.#default.yml', 'clash/large.yml'],
  });
});

it('a file that is gone when it is read is named, too', async () => {
  const { files } = await findTemplates(folder);
  await rm(join(folder, 'clash/default.yml'));
  expect((await readTemplates(files)).unread).toMatchObject([{ name: 'clash/default.yml' }]);
});

it('a folder that is not there is an error, as is one with far too many files', async () => {
  await expect(findTemplates(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
  for (let i = 0; i < 1001; i++) await writeFile(join(folder, `f${i}`), '');
  await expect(findTemplates(folder)).rejects.toThrow('more than 1000 files');
});

it('an operator is told which setting names a file that is not there', async () => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
  const settings = { directory: folder, clash: 'clash/default.yml', mux: 'mux/mine.json' };
  const templates = new ClientTemplates({ subscription: { templates: settings } } as unknown as Config);
  try {
    await templates.onModuleInit();
    expect(warn.mock.calls).toEqual([
      ['There is no file in CUSTOM_TEMPLATES_DIRECTORY for MUX_TEMPLATE (mux/mine.json)'],
    ]);
  } finally {
    warn.mockRestore();
  }
});

it('an operator is told once what is wrong with the folder, however often it is looked at', async () => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
  const directory = join(folder, 'later');
  const settings = { directory, clash: 'clash/default.yml' };
  const templates = new ClientTemplates({ subscription: { templates: settings } } as unknown as Config);
  const pollOften = async () => {
    for (let i = 0; i < 3; i++) await templates.poll();
    return warn.mock.calls.splice(0).map(([message]) => String(message));
  };
  try {
    expect(await pollOften()).toEqual([expect.stringContaining('ENOENT')]);
    await mkdir(join(directory, 'clash'), { recursive: true });
    await writeFile(join(directory, 'clash/default.yml'), 'mine: 1');
    await symlink('nowhere', join(directory, 'loose'));
    expect(await pollOften()).toEqual([expect.stringContaining('not used: loose: ENOENT')]);
    expect(templates.current().clash([], [])).toEqual({ mine: 1 });
    await rm(directory, { recursive: true });
    expect(await pollOften()).toHaveLength(1);
    expect(templates.current().clash([], [])).toEqual({ mine: 1 }); // the last known
  } finally {
    warn.mockRestore();
  }
});
