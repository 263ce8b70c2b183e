import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { command } from '../../support/command.js';
import { goldenImport } from '../../support/imports.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'margrave-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const dryRun = (report: string) =>
  command(
    [
      ...['import', '--dry-run', '--from', `sqlite:///${goldenImport('marzban-0.8.4.sqlite3')}`],
      ...['--report', report],
    ],
    { environment: { DATA_DIR: join(folder, 'data') }, cwd: folder },
  );

it('says that a report cannot be written before it reads anything', { timeout: 60_000 }, async () => {
  writeFileSync(join(folder, 'file'), '');
  expect(await dryRun(join(folder, 'file/report'))).toEqual({
    code: 1,
    out: '',
    err: expect.stringMatching(/^error: Cannot write \S+file\/report\.md: .+\.\n$/),
  });
});

it(
  'keeps the secrets of a report from others, also in a file that was there',
  { timeout: 60_000 },
  async () => {
    const report = join(folder, 'report.md');
    writeFileSync(report, 'an older and much longer one'.repeat(10_000));
    chmodSync(report, 0o644);
    const { code, out } = await dryRun(report);
    expect(code).toBe(0);
    expect(readFileSync(report, 'utf8').trimEnd()).toBe(out.trimEnd());
    expect(statSync(report).mode & 0o777).toBe(0o600);
  },
);
