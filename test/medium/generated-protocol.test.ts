import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('has the types that the protocol files generate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'margrave-proto-'));
  try {
    execFileSync(process.execPath, ['scripts/proto.mjs', folder]);
    expect(filesOf('src/generated')).toEqual(filesOf(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
