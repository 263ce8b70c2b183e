import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, testConfig, type TestApp } from '../support/app.js';

let folder: string;
let app: TestApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-status-'));
  const files = {
    'clash/default.yml': 'mode: Rule\n\n{{ conf.proxies.nothing.more }}',
    'home/index.html': '<p>{{ 1 + 1 }}</p>',
    'singbox/default.json': '{"outbounds": [{"type": "dns", "tag": "dns-out"}]}',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const { subscription } = testConfig();
  const templates = { ...subscription.templates, directory: folder, mux: 'mux/mine.json' };
  app = await startApp({ subscription: { ...subscription, templates } });
});
afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true });
});

const statusOf = async (setting: string) => {
  const { json } = await app.sudo.get('/api/templates/status');
  return (json as { setting: string; read_at: string | null }[]).find((status) => status.setting === setting);
};

it('tells of a template that works', async () => {
  expect(await statusOf('HOME_PAGE_TEMPLATE')).toEqual({
    setting: 'HOME_PAGE_TEMPLATE',
    file: 'home/index.html',
    found: true,
    used: true,
    error: null,
    error_file: null,
    error_line: null,
    warnings: [],
    read_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});

it('tells of a broken one with the line, before anybody fetched it', async () => {
  expect(await statusOf('CLASH_SUBSCRIPTION_TEMPLATE')).toMatchObject({
    found: true,
    used: false,
    error: "'list object' has no attribute 'nothing'",
    error_file: 'clash/default.yml',
    error_line: 3,
  });
});

it('tells of one whose syntax current clients refuse', async () => {
  expect(await statusOf('SINGBOX_SUBSCRIPTION_TEMPLATE')).toMatchObject({
    used: true,
    warnings: ['outbounds of type dns (up to 1.12)'],
  });
});

it('tells of one that is not there: by default that is no fault', async () => {
  expect(await statusOf('MUX_TEMPLATE')).toMatchObject({
    found: false,
    used: false,
    error: 'there is no such file',
  });
  expect(await statusOf('V2RAY_SUBSCRIPTION_TEMPLATE')).toMatchObject({
    found: false,
    error: null,
    read_at: null,
  });
});

it('is for sudo admins alone', async () => {
  expect((await app.client().get('/api/templates/status')).status).toBe(401);
  await app.sudo.post('/api/admin', { username: 'reseller', password: 'secret', is_sudo: false });
  const token = await app.login('reseller', 'secret');
  expect((await app.client(token).get('/api/templates/status')).status).toBe(403);
});
