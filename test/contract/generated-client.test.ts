import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SUDO } from '../support/app.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const SHOP = fileURLToPath(new URL('client/shop.ts', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url));

interface Shop {
  sell(baseUrl: string, username: string, password: string): Promise<Record<string, unknown>>;
}

describe('a client generated from the served document', () => {
  let fleet: Fleet;
  let folder: string;

  beforeAll(async () => {
    fleet = await startFleet();
    folder = await mkdtemp(join(tmpdir(), 'margrave-client-'));
    const document = (await fleet.client().get('/openapi.json')).json as OpenAPI3;
    // A field with a default may be left out of a request; the generator has one type for both directions.
    const types = astToString(await openapiTypescript(document, { defaultNonNullable: false, silent: true }));
    await writeFile(join(folder, 'api.ts'), types);
    await copyFile(SHOP, join(folder, 'shop.ts'));
    await symlink(PACKAGES, join(folder, 'node_modules'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await fleet?.close();
  });

  it('has types that a program can rely on', { timeout: 60_000 }, () => {
    expect(complaints(join(folder, 'shop.ts'))).toEqual([]);
  });

  it('works', async () => {
    const { sell } = (await import(/* @vite-ignore */ SHOP)) as Shop;
    const receipt = await sell(fleet.url, SUDO.username, SUDO.password);
    expect(receipt).toMatchObject({
      template: { name: 'A month', data_limit: 50e9, inbounds: { vless: ['VLESS_A', 'VLESS_B'] } },
      bought: { username: 'buyer', status: 'active', data_limit: 50e9, note: 'paid', used_traffic: 0 },
      extended: { username: 'buyer', data_limit: 100e9, data_limit_reset_strategy: 'month' },
      found: ['buyer'],
      total: 1,
      refusal: 'User already exists',
      wrongFields: [
        ['body', 'data_limit'],
        ['body', 'username'],
      ],
      links: 2,
      gone: 'User not found',
    });
  });
});

/** What the compiler objects to in a program, each with its line. */
function complaints(file: string): string[] {
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file: source, start, messageText }) => {
    const line = source && start !== undefined ? ts.getLineAndCharacterOfPosition(source, start).line + 1 : 0;
    return `${source?.fileName ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
