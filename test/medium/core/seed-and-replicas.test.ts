import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CoreConfigs } from '../../../src/features/core/index.js';
import { startApp, type TestApp, testConfig } from '../../support/app.js';
import { coreConfig, direct, trojan, ws } from '../../support/core-configs.js';
import { createTestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

describe('the first core config', () => {
  const folder = mkdtempSync(join(tmpdir(), 'core-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is one for all replicas that start together, and stays', async () => {
    const { connection, drop } = await createTestDatabase();
    const first = await Promise.all([startApp({}, connection), startApp({}, connection)]);
    const texts = await Promise.all(first.map(async (app) => (await app.sudo.get('/api/core/config')).text));
    await Promise.all(first.map((app) => app.close()));
    const again = await startApp({}, connection);
    texts.push((await again.sudo.get('/api/core/config')).text);
    await again.close();
    await drop();
    expect(new Set(texts).size).toBe(1);
  });

  it.each([
    ['text', seed()],
    ['a file', file('seed.json', seed())],
  ])('may come from XRAY_JSON as %s with comments', async (_, json) => {
    const app = await startApp(seededBy(json));
    expect((await app.sudo.get('/api/core/config')).json).toEqual(coreConfig([ws]));
    await app.close();
  });

  it.each([
    [
      'a file that is not there',
      join(folder, 'none.json'),
      /^XRAY_JSON: cannot read .*none.json: it does not exist$/,
    ],
    ['a broken file', file('broken.json', '{'), /^XRAY_JSON: config is not valid JSON/],
    ['an unusable config', '{"outbounds":[]}', /^XRAY_JSON: config doesn't have inbounds$/],
  ])('stops the start when it is %s', async (_, json, message) => {
    await expect(startApp(seededBy(json))).rejects.toThrow(message);
  });

  it('must fit the settings of later starts', async () => {
    const behind = { inbounds: [ws, { ...trojan, port: undefined }], outbounds: [direct] };
    const xray = { ...testConfig().xray, json: JSON.stringify(behind), fallbacksInboundTag: ws.tag };
    const app = await startApp({ xray });
    expect((await app.sudo.get('/api/inbounds')).json.trojan).toEqual([
      { tag: 'Trojan', protocol: 'trojan', network: 'tcp', tls: 'none', port: ws.port },
    ]);
    await expect(startApp({ xray: { ...xray, fallbacksInboundTag: '' } }, app.connection)).rejects.toThrow(
      /^The core config does not fit XRAY_FALLBACKS_INBOUND_TAG .*: inbound Trojan doesn't have port$/,
    );
    await app.close();
  });

  it('leaves excluded inbounds alone, and says so, once for each config', async () => {
    const log = vi.spyOn(Logger.prototype, 'log');
    const said = () =>
      log.mock.calls.map(([line]) => String(line)).filter((line) => line.startsWith('Inbounds '));
    const app = await startApp({
      xray: { ...testConfig().xray, json: seed(), excludeInboundTags: ['VMess WS'] },
    });
    expect((await app.sudo.get('/api/inbounds')).text).toBe('{}');
    expect((await app.sudo.get('/api/hosts')).text).toBe('{}');
    const first =
      'Inbounds with users of the panel: none. Inbounds that are left alone: VMess WS (XRAY_EXCLUDE_INBOUND_TAGS names it)';
    expect(said()).toEqual([first]);
    const next = {
      inbounds: [
        { ...trojan, protocol: 'Trojan' },
        { tag: 'S', protocol: 'SOCKS', port: 1 },
      ],
    };
    const put = await app.sudo.put('/api/core/config', { ...next, outbounds: [direct] });
    expect(put.status).toBe(200);
    expect(said()).toEqual([
      first,
      'Inbounds with users of the panel: Trojan. Inbounds that are left alone: S (socks has no users of the panel)',
    ]);
    log.mockRestore();
    await app.close();
  });

  function file(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }

  function seed(): string {
    return `// a comment\n{ "inbounds": [${JSON.stringify(ws)},], # another\n "outbounds": [${JSON.stringify(direct)}] }`;
  }

  function seededBy(json: string) {
    return { xray: { ...testConfig().xray, json } };
  }
});

describe('two replicas', () => {
  let one: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    one = await startApp();
    other = await startApp({}, one.connection);
  });
  afterAll(async () => {
    await other?.close();
    await one?.close();
  });

  it('know of a new config within a second', async () => {
    const heard: string[] = [];
    other.app.get(CoreConfigs).onChange((active) => void heard.push(...active.byTag.keys()));
    await one.sudo.put('/api/core/config', coreConfig([ws]));
    await eventually(async () => {
      expect((await other.sudo.get('/api/inbounds')).json).toEqual({
        vmess: [expect.objectContaining({ tag: 'VMess WS' })],
      });
      return true;
    }, 1_000);
    expect(heard).toEqual(['VMess WS']);
  });

  it('find versions that were active before', async () => {
    const configs = one.app.get(CoreConfigs);
    const { version, hash } = configs.current();
    await other.sudo.put('/api/core/config', coreConfig([trojan]));
    expect(await other.app.get(CoreConfigs).byVersion(version)).toMatchObject({ version, hash });
    await expect(configs.byVersion(123_456n)).rejects.toThrow(
      'Version 123456 of the core config is not kept any more',
    );
  });
});
