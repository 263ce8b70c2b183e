import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfig } from './read-config.js';
import { envExample, settingsPage } from './settings-text.js';
import { SETTINGS } from './settings/index.js';

const around = {
  cwd: '/srv/margrave',
  interfaces: {},
  readFile: () => '',
};

describe('the documents of settings are made from their definition (npm run settings)', () => {
  it.each([
    ['.env.example', envExample],
    ['docs/settings.md', settingsPage],
  ])('%s', async (path, text) => {
    await expect(text()).toMatchFileSnapshot(`../../${path}`);
  });
});

describe('the example', () => {
  const uncommented = envExample().replace(/^#(?=[A-Z0-9_]+=)/gm, '');

  it('names every setting once', () => {
    expect(uncommented.match(/^[A-Z0-9_]+(?==)/gm)).toEqual(Object.keys(SETTINGS));
  });

  it('shows the defaults', () => {
    const withDefaults = Object.fromEntries(
      Object.entries(parseEnv(uncommented)).filter(
        ([name]) => 'byDefault' in SETTINGS[name as keyof typeof SETTINGS],
      ),
    );
    expect(readConfig(withDefaults, around)).toEqual(readConfig({}, around));
  });
});

it('the README names no setting that is none', () => {
  const named =
    readFileSync(new URL('../../README.md', import.meta.url), 'utf8').match(/^\| `[A-Z][A-Z0-9_]+`/gm) ?? [];
  expect(named.length).toBeGreaterThan(0);
  expect(named.map((cell) => cell.slice(3, -1)).filter((name) => !(name in SETTINGS))).toEqual([]);
});
