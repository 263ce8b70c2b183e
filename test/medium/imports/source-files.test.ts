import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImportRefused } from '../../../src/features/imports/imports.errors.js';
import { settingProblems } from '../../../src/features/imports/source/check-settings.js';
import { readSourceFiles } from '../../../src/features/imports/source/source-files.js';
import { goldenImport } from '../../support/golden-import.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-files-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
}

describe('beside the database of a Marzban', () => {
  it('its settings and core config are read as they stand, comments and all', async () => {
    const read = await readSourceFiles({
      env: goldenImport('marzban.env'),
      coreConfig: goldenImport('xray_config.json'),
    });
    expect(read.settings.get('SUB_PROFILE_TITLE')).toBe('پنل A');
    expect(read.coreConfig).toEqual({
      text: await readFile(goldenImport('xray_config.json'), 'utf8'),
      from: goldenImport('xray_config.json'),
    });
    expect(read.warnings).toEqual([]);
    expect(read.templates).toBeUndefined();
  });

  it('the core config is where the settings say, beside them, or in them', async () => {
    const config = '{"inbounds": [], "outbounds": [], /* mine */}';
    await file('xray_config.json', config);
    await file('other/own.json', '{}');
    const from = async (env: string) => (await readSourceFiles({ env: await file('.env', env) })).coreConfig;
    expect(await from('')).toEqual({ text: config, from: join(folder, 'xray_config.json') });
    expect(await from('XRAY_JSON = "other/own.json"')).toEqual({
      text: '{}',
      from: join(folder, 'other/own.json'),
    });
    expect(await from(`XRAY_JSON = '${config}'`)).toEqual({ text: config, from: 'XRAY_JSON' });
  });

  it('a core config that is elsewhere is told, and how to name it', async () => {
    const { coreConfig, warnings } = await readSourceFiles({ env: goldenImport('marzban.env') });
    expect(coreConfig).toBeUndefined();
    expect(warnings).toEqual([
      'No core config is imported: /var/lib/marzban/xray_config.json, which XRAY_JSON names, cannot be read here (it does not exist). Name it by --core-config.',
    ]);
    expect((await readSourceFiles({})).warnings).toEqual([
      'No core config is imported: name that of Marzban by --core-config, or its .env by --env.',
    ]);
  });

  it('files that the core config names and that are missing here are told', async () => {
    const certificate = await file('cert.pem', 'x');
    await file('assets/geoip.dat', 'x');
    const coreConfig = await file(
      'config.json',
      `{
        // comments and commas as Marzban takes them
        "inbounds": [{ "streamSettings": { "tlsSettings": { "certificates": [
          { "certificateFile": "${certificate}", "keyFile": "${folder}/key.pem" },
        ] } } }],
        "dns": { "hosts": { "geosite:category-ads": "127.0.0.1" } },
        "routing": { "rules": [{ "ip": ["geoip:private", "ext:own.dat:x"], "domain": ["geosite:cn"] }] },
      }`,
    );
    const { warnings } = await readSourceFiles({ coreConfig, assets: join(folder, 'assets') });
    expect(warnings).toEqual([
      `The core config names ${folder}/key.pem, which is not on this machine: copy it there.`,
      `The core config needs geosite.dat, and ${folder}/assets/geosite.dat is not there.`,
      `The core config needs own.dat, and ${folder}/assets/own.dat is not there.`,
    ]);
    const env = await file('.env', `XRAY_ASSETS_PATH=${folder}/none\nXRAY_JSON=config.json`);
    expect((await readSourceFiles({ env, assets: join(folder, 'assets') })).warnings).toHaveLength(4);
  });

  it("the operator's templates are found by the names in the settings", async () => {
    await file('templates/clash/mine.yml', 'x');
    await file('templates/home/index.html', 'x');
    const env = await file(
      '.env',
      'CUSTOM_TEMPLATES_DIRECTORY="templates/"\nCLASH_SUBSCRIPTION_TEMPLATE="clash/mine.yml"\nMUX_TEMPLATE=mux/mine.json\nXRAY_JSON={}',
    );
    const templates = { folder: join(folder, 'templates'), files: ['clash/mine.yml', 'home/index.html'] };
    expect(await readSourceFiles({ env })).toMatchObject({
      templates,
      warnings: [`MUX_TEMPLATE names mux/mine.json, which is not in ${folder}/templates.`],
    });
    expect((await readSourceFiles({ templates: join(folder, 'templates') })).templates?.files).toEqual([
      'home/index.html',
    ]);
    await rm(join(folder, 'templates'), { recursive: true });
    expect((await readSourceFiles({ env })).warnings).toEqual([
      `The folder ${folder}/templates of CUSTOM_TEMPLATES_DIRECTORY is not here: copy it, or every client gets the built-in templates.`,
    ]);
  });

  it('lines that are no settings are told', async () => {
    const env = await file('.env', 'A=1\n= 2\nXRAY_JSON={}\n');
    expect((await readSourceFiles({ env })).warnings).toEqual([
      `Lines of ${env} are no settings, and Marzban does not read them: 2.`,
    ]);
  });

  it.each([
    [{ env: '/nowhere/.env' }, '--env: /nowhere/.env cannot be read (it does not exist).'],
    [{ env: '/' }, '--env: / cannot be read (it is a folder).'],
    [{ coreConfig: '/nowhere/x.json' }, '--core-config: /nowhere/x.json cannot be read (it does not exist).'],
    [{ templates: '/dev/null' }, '--templates: /dev/null is no folder.'],
  ])('what is named on the command line has to be there: %o', async (paths, expected) => {
    const error = await readSourceFiles(paths).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ImportRefused);
    expect((error as Error).message).toBe(expected);
  });
});

it('settings with which this service would not start are told', () => {
  expect(settingProblems({ VALIDATION_ERRORS: 'fields', JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '0' })).toEqual([]);
  expect(settingProblems({ JOB_REVIEW_USERS_INTERVAL: '0' })).toEqual([
    'JOB_REVIEW_USERS_INTERVAL must be a whole number from 1 to 86400, not "0"',
  ]);
});
