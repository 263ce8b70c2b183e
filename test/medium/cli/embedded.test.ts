import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, program } from '../../support/command.js';
import { ServiceProcess } from '../../support/service-process.js';

describe('commands on an embedded database', { timeout: 120_000 }, () => {
  let service: ServiceProcess;
  beforeEach(async () => {
    service = await ServiceProcess.create();
  });
  afterEach(() => service.destroy());

  const margrave = (words: string) => command(words.split(' '), { cwd: service.folder });

  it('make none to look at, and end the one that they started with the last of them', async () => {
    expect(await margrave('admin list')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: There is no data yet/),
    });
    expect(existsSync(join(service.dataDir, 'postgres'))).toBe(false);
    expect(await margrave('admin create -u root --sudo --password x')).toMatchObject({ code: 0 });
    expect(service.postgres()).toBeUndefined();
    const both = await Promise.all([margrave('admin list --json'), margrave('user list --json')]);
    expect(both.map(({ code, err }) => ({ code, err }))).toEqual([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);
    expect(service.postgres()).toBeUndefined();
  });

  it('use that of a service, and leave it to it', async () => {
    await service.start({ SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' });
    const postgres = service.postgres();
    expect((await margrave('status --json')).out).toContain('"alive":true');
    expect(service.postgres()).toBe(postgres);
    service.signal('SIGKILL');
    await service.ended();
    expect(await margrave('admin list')).toMatchObject({ code: 0 });
    expect(service.postgres()).toBe(postgres); // the next start adopts it
  });
});

it('completes commands, options and values in a real bash', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'margrave-completion-'));
  try {
    chmodSync(program, 0o755);
    symlinkSync(program, join(folder, 'margrave'));
    symlinkSync(process.execPath, join(folder, 'node'));
    const script = (await command(['completion', 'show', '--shell', 'bash'], {})).out;
    // What the package bash-completion has, and no more of it than is used.
    const words = `_get_comp_words_by_ref() { cur=\${COMP_WORDS[COMP_CWORD]}; prev=\${COMP_WORDS[COMP_CWORD-1]}; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }; compopt() { :; }`;
    const complete = (...line: string[]) =>
      execFileSync(
        '/bin/bash',
        [
          '--norc',
          '-c',
          `${words}\n${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); __margrave_complete; printf '%s\\n' "\${COMPREPLY[@]}"`,
          'bash',
          'margrave',
          ...line,
        ],
        { env: { PATH: `${folder}:/usr/bin:/bin` }, encoding: 'utf8' },
      )
        .split('\n')
        .map((text) => text.split(/[\t ]/)[0]);
    expect(complete('sub')).toContain('subscription');
    expect(complete('admin', '')).toEqual(expect.arrayContaining(['list', 'create', 'import-from-env']));
    expect(complete('user', 'list', '--sta')).toContain('--status');
    expect(complete('subscription', 'get-config', '--format', 'clash')).toEqual(
      expect.arrayContaining(['clash', 'clash-meta']),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
