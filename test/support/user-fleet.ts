import pg from 'pg';
import { clientOptions } from '../../src/shared/database/data-source.js';
import type { Config } from '../../src/config/config.js';
import { type Reply, startApp, type TestApp, type TestClient, testConfig } from './app.js';

/** Two VLESS inbounds, one VMess, one Shadowsocks, no Trojan. */
const CORE_CONFIG = {
  inbounds: [
    {
      tag: 'VLESS_A',
      listen: '127.0.0.1',
      port: 31001,
      protocol: 'vless',
      settings: { clients: [], decryption: 'none' },
    },
    { tag: 'VMESS', listen: '127.0.0.1', port: 31002, protocol: 'vmess', settings: { clients: [] } },
    {
      tag: 'VLESS_B',
      listen: '127.0.0.1',
      port: 31003,
      protocol: 'vless',
      settings: { clients: [], decryption: 'none' },
    },
    {
      tag: 'SS',
      listen: '127.0.0.1',
      port: 31004,
      protocol: 'shadowsocks',
      settings: { clients: [], network: 'tcp,udp' },
    },
  ],
  outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
};

/** A service with that core config, a second admin without sudo, and a way to what only the database shows. */
export interface Fleet extends TestApp {
  /** Logged in as `reseller`, who is not sudo. */
  reseller: TestClient;
  sql<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
}

export async function startFleet(settings: Partial<Config> = {}): Promise<Fleet> {
  const xray = { ...testConfig().xray, json: JSON.stringify(CORE_CONFIG) };
  const app = await startApp({ xray, ...settings });
  const pool = new pg.Pool({ ...clientOptions(app.connection), max: 2 });
  const account = { username: 'reseller', password: 'a reseller password' };
  await app.sudo.post('/api/admin', { ...account, is_sudo: false });
  return {
    ...app,
    reseller: app.client(await app.login(account.username, account.password)),
    sql: async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<R>(text, values)).rows,
    close: async () => {
      await pool.end();
      await app.close();
    },
  };
}

/** One issue of a 422 in its documented form. */
export interface Issue {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** Issues in the form that Marzban sends: of two with one field, the later one in the place of the first. */
export function byField(issues: readonly Issue[]): Record<string, string> {
  return Object.fromEntries(issues.map(({ loc, msg }) => [String(loc.at(-1)), msg]));
}

/** The issues of a 422 as lines: where, what type, which words. */
export function issues(reply: Reply): string[] {
  const detail = reply.json.detail as Issue[];
  return detail.map(({ loc, type, msg }) => `${loc.join('.')} ${type}: ${msg}`);
}
