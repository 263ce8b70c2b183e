import pg from 'pg';
import type { Config } from '../../src/config/config.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { FakeMarzbanNode } from '../fakes/fake-marzban-node.js';
import { startApp, type TestApp, testConfig } from './app.js';
import { eventually } from './eventually.js';
import { CORE_CONFIG } from './fake-fleet.js';

/** A service whose nodes have Marzban's agent. */
export interface AgentFleet extends TestApp {
  /** The certificate by which agents know the service. */
  certificate: string;
  sql<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** An agent that no service knows yet. */
  agent(executable?: XrayExecutable): Promise<FakeMarzbanNode>;
  /** Adds a node to the service, with this agent behind it; returns its id. */
  add(agent: Pick<FakeMarzbanNode, 'port' | 'apiPort'>, facts?: object): Promise<number>;
  /** Waits until a node has this status; returns it. */
  status(id: number, status: string, timeoutMs?: number): Promise<{ message: string; xray_version: string }>;
  replica(settings?: Partial<Config>): Promise<TestApp>;
}

export async function startAgentFleet(
  settings: Partial<Config> = {},
  coreConfig: object = CORE_CONFIG,
): Promise<AgentFleet> {
  const defaults = testConfig();
  const complete = {
    xray: { ...defaults.xray, json: JSON.stringify(coreConfig) },
    jobs: { ...defaults.jobs, userUsagesSeconds: 6, nodeUsagesSeconds: 6 },
    ...settings,
  };
  const app = await startApp(complete);
  const pool = new pg.Pool({ ...clientOptions(app.connection), max: 2 });
  const { certificate } = (await app.sudo.get('/api/node/settings')).json;
  const agents: FakeMarzbanNode[] = [];
  return {
    ...app,
    certificate,
    sql: async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<R>(text, values)).rows,
    agent: async (executable) => {
      const agent = await FakeMarzbanNode.start(certificate, executable);
      agents.push(agent);
      return agent;
    },
    add: async ({ port, apiPort }, facts = {}) => {
      const body = { address: '127.0.0.1', port, api_port: apiPort, add_as_new_host: false };
      const reply = await app.sudo.post('/api/node', { name: `node ${port}`, ...body, ...facts });
      if (reply.status !== 200) throw new Error(reply.text);
      return reply.json.id as number;
    },
    status: (id, status, timeoutMs = 20_000) =>
      eventually(async () => {
        const node = (await app.sudo.get(`/api/node/${id}`)).json;
        if (node.status !== status) throw new Error(`It is ${node.status}: ${node.message}`);
        return node;
      }, timeoutMs),
    replica: (more = {}) => startApp({ ...complete, ...more }, app.connection),
    close: async () => {
      await pool.end();
      await app.close();
      await Promise.all(agents.map((agent) => agent.close()));
    },
  };
}
