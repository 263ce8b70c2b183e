import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';

const FETCHES = 20;

let app: TestApp;
let links: string;

beforeAll(async () => {
  app = await startApp();
  const reply = await app.sudo.post('/api/user', {
    username: 'alice',
    proxies: { vless: {}, shadowsocks: {} },
  });
  links = (reply.json as { subscription_url: string }).subscription_url;
});
afterAll(() => app?.close());

it.each(['', '/v2ray', '/v2ray-json', '/clash', '/clash-meta', '/sing-box', '/outline'])(
  'a fetch of <link>%s asks the database once',
  async (format) => {
    const query = vi.spyOn(pg.Client.prototype, 'query');
    for (let i = 0; i < FETCHES; i++) expect((await app.client().get(links + format)).status).toBe(200);
    const asked = query.mock.calls.length;
    query.mockRestore();
    expect(asked).toBeGreaterThanOrEqual(FETCHES);
    expect(asked).toBeLessThan(2 * FETCHES); // now and then the service looks for changes, or notes the fetches
  },
);
