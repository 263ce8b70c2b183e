import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
let house: string;

/** A small house in which every rule is broken once. */
const FILES: Record<string, string> = {
  'tsconfig.json': '{"compilerOptions":{"module":"nodenext","moduleResolution":"nodenext","strict":true}}',
  'package.json': '{"type":"module","dependencies":{"typeorm":"1"},"devDependencies":{"vitest":"1"}}',
  'src/features/admins/index.ts': `export const admin = 1;`,
  'src/features/admins/inner.ts': `export const inner = 1;`,
  'src/features/users/index.ts': `export const user = 1;`,
  'src/features/admins/upwards.ts': `import { user } from '../users/index.js'; export const a = user;`,
  'src/features/users/past-the-index.ts': `import { inner } from '../admins/inner.js'; export const a = inner;`,
  'src/shared/knows-a-feature.ts': `import { user } from '../features/users/index.js'; export const a = user;`,
  'src/features/users/domain/impure.ts': `import { readFileSync } from 'node:fs'; export const a = readFileSync;`,
  'src/client-configs/nest.ts': `import { Injectable } from '@nestjs/common'; export const a = Injectable;`,
  'src/features/users/users.service.ts': `import { DataSource } from 'typeorm'; export const a = DataSource;`,
  'src/features/users/grpc.ts': `import { Client } from '@grpc/grpc-js'; export const a = Client;`,
  'src/shared/cycle-a.ts': `import { b } from './cycle-b.js'; export const a = () => b;`,
  'src/shared/cycle-b.ts': `import { a } from './cycle-a.js'; export const b = () => a;`,
  'src/shared/uses-vitest.ts': `import { it } from 'vitest'; export const a = it;`,
  'src/shared/environment.ts': `export const a = process.env.HOME;`,
  'src/shared/wall-clock.ts': `export const a = Date.now();`,
  'src/features/users/throws-http.ts': `import { NotFoundException } from '@nestjs/common'; throw new NotFoundException();`,
  'src/shared/any.ts': `export const a = (b: any) => b;`,
  'src/fine.ts': `import { user } from './features/users/index.js'; export const a = user;`,
};

function run(tool: string, ...args: string[]): string {
  const { stdout } = spawnSync(join(repository, 'node_modules/.bin', tool), args, {
    cwd: house,
    encoding: 'utf8',
  });
  return stdout;
}

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'margrave-house-'));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), `${text}\n`);
  }
  symlinkSync(join(repository, 'node_modules'), join(house, 'node_modules'));
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

describe('what is numbered', () => {
  it.each(['migrations', 'docs/decisions'])('has a number of its own: %s', (folder) => {
    const numbers = readdirSync(join(repository, folder)).map((name) => name.split('-', 1)[0]);
    expect(numbers).toEqual([...new Set(numbers)]);
  });
});

describe('the rules of the house', () => {
  it('notice every import that breaks one', () => {
    const config = join(repository, 'test/dependency-cruiser.cjs');
    const { summary } = JSON.parse(run('depcruise', '--config', config, '--output-type', 'json', 'src')) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    const found = summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`);
    expect(found).toEqual(
      expect.arrayContaining([
        'src/features/admins/upwards.ts: admins-imports-only-what-comes-before',
        'src/features/users/past-the-index.ts: admins-is-entered-at-its-index',
        'src/shared/knows-a-feature.ts: features-are-known-to-features-and-the-app-only',
        'src/features/users/domain/impure.ts: pure-code-does-no-io',
        'src/client-configs/nest.ts: pure-code-imports-pure-code',
        'src/features/users/users.service.ts: typeorm-in-repositories',
        'src/features/users/grpc.ts: grpc-in-its-place',
        'src/shared/cycle-a.ts: no-cycles',
        'src/shared/uses-vitest.ts: nothing-of-tests-in-the-service',
      ]),
    );
    expect(found.filter((line) => line.startsWith('src/fine.ts'))).toEqual([]);
  });

  it('notice the environment, the time of day, HTTP exceptions and any where they do not belong', () => {
    const found = run(
      'oxlint',
      '--config',
      join(repository, 'test/oxlintrc.json'),
      '--format',
      'unix',
      'src',
    );
    expect(found).toMatch(/src\/shared\/environment\.ts.*process\.env/);
    expect(found).toMatch(/src\/shared\/wall-clock\.ts.*Date\.now/);
    expect(found).toMatch(/src\/features\/users\/throws-http\.ts.*NotFoundException/);
    expect(found).toMatch(/src\/shared\/any\.ts.*any/);
    expect(found).not.toMatch(/src\/fine\.ts/);
  });
});
