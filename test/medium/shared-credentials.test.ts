import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SharedCredentials } from '../../src/features/users/shared-credentials.js';
import type { JobOutcome } from '../../src/shared/scheduling/job-run.js';
import { startApp, type TestApp, testConfig } from '../support/app.js';
import { CORE_CONFIG } from '../support/fake-fleet.js';

describe('users with one credential', () => {
  let service: TestApp;
  let outcome: JobOutcome;
  const ID = 'A7C3B0A0-6C0D-4D5E-8E61-0F1F2E3D4C5B';

  beforeAll(async () => {
    service = await startApp({ xray: { ...testConfig().xray, json: JSON.stringify(CORE_CONFIG) } });
  });
  afterAll(() => service?.close());
  afterEach(() => void vi.restoreAllMocks());

  const add = async (username: string, proxies: object) =>
    expect((await service.sudo.post('/api/user', { username, proxies })).status).toBe(200);
  const report = async () => {
    const warn = vi
      .spyOn(Logger.prototype, 'warn')
      .mockClear()
      .mockImplementation(() => undefined);
    outcome = await service.app.get(SharedCredentials, { strict: false }).report();
    return warn.mock.calls
      .map(([text]) => String(text))
      .filter((text) => text.includes('share a credential'));
  };

  it('are taken, and told of once for as long as they are the same', async () => {
    await add('ann', { vless: { id: ID }, shadowsocks: { password: 'one', method: 'aes-128-gcm' } });
    await add('cid', { vmess: { id: ID }, shadowsocks: { password: 'one', method: 'aes-256-gcm' } });
    expect(await report()).toEqual([]); // each inbound tells these apart
    await add('ben', { vless: { id: ID.toLowerCase() }, trojan: { password: 'two' } });
    const told = await report();
    expect(told).toEqual([expect.stringMatching(/^Users who share a credential .*: ann, ben \(vless\)$/)]);
    expect(await report()).toEqual([]);
    await add('dan', { trojan: { password: 'two' } });
    expect(await report()).toEqual([expect.stringMatching(/: ben, dan \(trojan\); ann, ben \(vless\)$/)]);
    expect(outcome).toEqual({ shadowsocks: 0, trojan: 2, vless: 2, vmess: 0 });
    await service.sudo.put('/api/user/dan', { status: 'disabled' });
    await service.sudo.put('/api/user/ann', { status: 'disabled' });
    expect(await report()).toEqual([]); // a core has one of each
  });

  it('are told of with the first few names, be they many', async () => {
    for (let i = 0; i < 7; i++) await add(`twin_${i}`, { trojan: { password: 'many' } });
    expect(await report()).toEqual([expect.stringMatching(/twin_0, twin_6 and 5 more \(trojan\)$/)]);
    expect(outcome).toMatchObject({ trojan: 7 });
  });
});
