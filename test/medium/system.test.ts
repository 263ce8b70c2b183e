import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserCounting } from '../../src/features/system/user-counting.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { startApp, type TestApp, type TestClient } from '../support/app.js';

let app: TestApp;
let reseller: TestClient;

beforeAll(async () => {
  app = await startApp();
  await app.sudo.post('/api/admin', { username: 'reseller', password: 'a password', is_sudo: false });
  reseller = app.client(await app.login('reseller', 'a password'));
  const proxies = { vless: {} };
  for (const username of ['root_a', 'root_b', 'root_c'])
    await app.sudo.post('/api/user', { username, proxies });
  await app.sudo.put('/api/user/root_c', { status: 'disabled' });
  await reseller.post('/api/user', { username: 'own_a', proxies });
  await reseller.post('/api/user', {
    username: 'own_b',
    proxies,
    status: 'on_hold',
    on_hold_expire_duration: 3600,
  });
  await sql(`UPDATE user_usage SET online_at = now() - interval '23 hours 59 minutes'
              WHERE user_id IN (SELECT id FROM users WHERE username IN ('root_a', 'root_b', 'own_a'))`);
  await sql(`UPDATE user_usage SET online_at = now() - interval '24 hours 1 minute'
              WHERE user_id IN (SELECT id FROM users WHERE username = 'own_b')`);
  await sql(`INSERT INTO nodes (name, address, status, uplink, downlink)
             VALUES ('n', '192.0.2.9', 'disabled', 9007199254740993, 2)`);
  await app.app.get(UserCounting, { strict: false }).keep(); // what a job does every ten seconds
});

afterAll(() => app?.close());

async function sql(text: string): Promise<void> {
  const client = new pg.Client(clientOptions(app.connection));
  await client.connect();
  await client.query(text).finally(() => client.end());
}

describe('the system figures', () => {
  it('count all users for a sudo admin', async () => {
    expect((await app.sudo.get('/api/system')).json).toMatchObject({
      total_user: 5,
      online_users: 3,
      users_active: 3,
      users_on_hold: 1,
      users_disabled: 1,
      users_expired: 0,
      users_limited: 0,
    });
  });

  it('count their own users for the others, of those online too', async () => {
    expect((await reseller.get('/api/system')).json).toMatchObject({
      total_user: 2,
      online_users: 1,
      users_active: 1,
      users_on_hold: 1,
      users_disabled: 0,
    });
  });

  it('give the traffic of all cores to the last byte', async () => {
    const { text } = await reseller.get('/api/system');
    expect(text).toContain('"incoming_bandwidth":9007199254740993,"outgoing_bandwidth":2,');
  });

  it('say which API this is, in the order clients know', async () => {
    const stats = (await app.sudo.get('/api/system')).json as Record<string, number | string>;
    expect(stats.version).toBe('0.8.4');
    expect(Object.keys(stats)).toEqual([
      'version',
      'mem_total',
      'mem_used',
      'cpu_cores',
      'cpu_usage',
      'total_user',
      'online_users',
      'users_active',
      'users_on_hold',
      'users_disabled',
      'users_expired',
      'users_limited',
      'incoming_bandwidth',
      'outgoing_bandwidth',
      'incoming_bandwidth_speed',
      'outgoing_bandwidth_speed',
    ]);
    const { mem_total: total, mem_used: used, cpu_cores: cores } = stats;
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(total as number);
    expect(cores).toBeGreaterThan(0);
  });

  it('measure the load by themselves', async () => {
    await vi.waitFor(async () => {
      const { cpu_usage: cpu } = (await app.sudo.get('/api/system')).json as { cpu_usage: number };
      expect(cpu).toBeGreaterThan(0);
      expect(cpu).toBeLessThanOrEqual(100);
    }, 10_000);
  });

  it('are for admins', async () => {
    expect((await app.client().get('/api/system')).status).toBe(401);
  });
});
