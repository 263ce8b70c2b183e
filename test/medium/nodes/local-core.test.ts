import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp, testConfig } from '../../support/app.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();

describe.skipIf(!xray)('the local core', () => {
  let dataDir: string;
  let app: TestApp;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'margrave-local-'));
    const { xray: settings, jobs } = testConfig();
    app = await startApp({
      dataDir,
      xray: { ...settings, executablePath: xray!.path },
      jobs: { ...jobs, userUsagesSeconds: 1, nodeUsagesSeconds: 1 },
    });
  });

  afterAll(async () => {
    await app?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('is started with the service', async () => {
    await vi.waitFor(
      async () => expect((await app.sudo.get('/api/core')).json).toMatchObject({ started: true }),
      {
        timeout: 5_000,
      },
    );
  });
});
