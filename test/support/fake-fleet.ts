import pg from 'pg';
import type { Config } from '../../src/config/config.js';
import { NodeAdapters } from '../../src/features/nodes/adapters/node-adapters.js';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { FakeNode } from '../fakes/fake-node.js';
import type { FakeXray } from '../fakes/fake-xray.js';
import { startApp, type TestApp, testConfig } from './app.js';
import { eventually } from './eventually.js';

export const TAGS = ['VLESS', 'VMESS', 'TROJAN', 'SS'] as const;

export const CORE_CONFIG = {
  inbounds: [
    { tag: 'VLESS', port: 31001, protocol: 'vless', settings: { decryption: 'none' } },
    { tag: 'VMESS', port: 31002, protocol: 'vmess', settings: {} },
    { tag: 'TROJAN', port: 31003, protocol: 'trojan', settings: {} },
    { tag: 'SS', port: 31004, protocol: 'shadowsocks', settings: { network: 'tcp,udp' } },
  ],
  outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
};

const ID = '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53';

/** A service whose nodes are fakes that speak real gRPC, and a way to its database. */
export interface FakeFleet extends TestApp {
  nodes: FakeNodes;
  sql<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** Adds a node with a fake behind it and waits until its core runs. */
  addNode(facts?: { coefficient?: number }): Promise<{ id: number; node: FakeNode }>;
  /** Adds a user to the database with an account on every inbound; returns its id. */
  addUser(
    username: string,
    facts?: { dataLimit?: bigint; status?: string; adminId?: number },
  ): Promise<number>;
  /** One more service on the same database and with the same nodes. */
  replica(settings?: Partial<Config>): Promise<TestApp>;
}

/** The fakes by node id, shared by all services of a test. */
export type FakeNodes = Map<number, FakeNode>;

/** Cores are polled ten times a second, unless the settings say otherwise. The database is its own unless one is handed in. */
export async function startFakeFleet(
  settings: Partial<Config> = {},
  connection?: Connection,
): Promise<FakeFleet> {
  const nodes: FakeNodes = new Map();
  const app = await startWith(nodes, settings, connection);
  const pool = new pg.Pool({ ...clientOptions(app.connection), max: 4 });
  pool.on('error', () => undefined); // a test may take its connections away
  const sql = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await pool.query<R>(text, values)).rows;
  return {
    ...app,
    nodes,
    sql,
    addNode: async ({ coefficient = 1 } = {}) => {
      const node = new FakeNode();
      const [row] = await sql<{ id: number }>(
        `INSERT INTO nodes (kind, name, address, usage_coefficient, status)
         VALUES ('pg_node', gen_random_uuid()::text, 'fake', $1, 'disabled') RETURNING id`, // nobody's kind
        [coefficient],
      );
      nodes.set(row!.id, node);
      await sql(`UPDATE nodes SET kind = 'marzban_node', status = 'connecting' WHERE id = $1`, [row!.id]);
      await sql(`SELECT pg_notify('node_wake', $1::text)`, [row!.id]);
      await eventually(() => node.core);
      return { id: row!.id, node };
    },
    addUser: async (username, { dataLimit = null, status = 'active', adminId = null } = {}) => {
      const values = [username, status, dataLimit, adminId, JSON.stringify(proxies(username))];
      const [row] = await sql<{ id: number }>(ADD_USER, values);
      return row!.id;
    },
    replica: (settings) => startWith(nodes, settings, app.connection),
    close: async () => {
      await pool.end();
      await app.close();
      for (const { core } of nodes.values()) await core?.kill();
    },
  };
}

/** Username, status, limit, owner and proxies of a new user; gives its id. */
export const ADD_USER = `
  WITH added AS (
    INSERT INTO users (username, status, data_limit, admin_id, proxies) VALUES ($1, $2, $3, $4, $5) RETURNING id
  ), usage AS (
    INSERT INTO user_usage (user_id) SELECT id FROM added
  )
  SELECT id FROM added`;

export function proxies(secret: string): object {
  return {
    vless: { id: ID, flow: '' },
    vmess: { id: ID },
    trojan: { password: secret, flow: '' },
    shadowsocks: { password: secret, method: 'chacha20-ietf-poly1305' },
  };
}

/** On how many inbounds the core has an account of this name, copies counted. */
export function copies(core: FakeXray, email: string): number {
  return TAGS.flatMap((tag) => core.emails(tag)).filter((other) => other === email).length;
}

async function startWith(
  nodes: FakeNodes,
  settings: Partial<Config> = {},
  connection?: Connection,
): Promise<TestApp> {
  const defaults = testConfig();
  return startApp(
    {
      xray: { ...defaults.xray, json: JSON.stringify(CORE_CONFIG) },
      jobs: { ...defaults.jobs, userUsagesSeconds: 0.1, nodeUsagesSeconds: 0.1 },
      ...settings,
    },
    connection,
    // In the place of the real way to such nodes, before any is taken; others are reached as ever.
    (app) => {
      const adapters = app.get(NodeAdapters, { strict: false });
      const real = adapters.of('marzban_node')!;
      adapters.add('marzban_node', {
        connect: (reach, memory) => nodes.get(reach.nodeId)?.connect() ?? real.connect(reach, memory),
        logs: (reach, signal) => nodes.get(reach.nodeId)?.logs(signal) ?? real.logs!(reach, signal),
      });
    },
  );
}
