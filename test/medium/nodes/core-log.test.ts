import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, SUDO, type TestApp, testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { openLog } from '../../support/log-socket.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();
const STARTED = /core: Xray \S+ started/g;

describe.skipIf(!xray)('the log of a real core', () => {
  let dataDir: string;
  let app: TestApp;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'margrave-core-log-'));
    const json = JSON.stringify({
      inbounds: [{ tag: 'A', listen: '127.0.0.1', port: 18801, protocol: 'trojan', settings: {} }],
      outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
    });
    app = await startApp({ dataDir, xray: { ...testConfig().xray, executablePath: xray!.path, json } });
    await eventually(async () => (await app.sudo.get('/api/core')).json.started === true);
  });
  afterAll(async () => {
    await app?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('begins with what it has written, and goes on after a restart', async () => {
    const token = await app.login(SUDO.username, SUDO.password);
    const log = await openLog(app.url, `/api/core/logs?interval=0.2&token=${token}`);
    const starts = () => log.messages.join('').match(STARTED)?.length ?? 0;
    await eventually(() => starts() === 1);
    expect(log.messages.join('')).toMatch(/^Xray \d/);
    expect(log.messages.every((message) => message.endsWith('\n'))).toBe(true);
    await app.sudo.post('/api/core/restart');
    await eventually(() => starts() === 2);
    log.socket.close();
  });
});
