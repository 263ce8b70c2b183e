import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { CORE_CONFIG } from '../../support/fake-fleet.js';
import { ServiceProcess } from '../../support/service-process.js';

const NODES = 4;
const SUDO = { username: 'root', password: 'correct horse' };

let database: TestDatabase;
let db: pg.Client;
/** Somebody else in the middle of a transaction. */
let other: pg.Client;
let agents: FakeMarzbanNode[] = [];
/** Who is there, and owns all nodes, and who will be. */
let replicas: [ServiceProcess, ServiceProcess];
let environment: Record<string, string>;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const { socketDir, user, database: name } = database.connection as Record<string, string>;
  environment = {
    SUDO_USERNAME: SUDO.username,
    SUDO_PASSWORD: SUDO.password,
    DATABASE_URL: `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(socketDir!)}`,
    DATABASE_POOL_SIZE: '4',
  };
  [db, other] = [0, 1].map(() => new pg.Client(clientOptions(database.connection))) as [pg.Client, pg.Client];
  await Promise.all([db.connect(), other.connect()]);
  replicas = [await ServiceProcess.create(), await ServiceProcess.create()];
  await replicas[0].start(environment);
  const answer = await fetch(`${replicas[0].url}/api/admin/token`, {
    method: 'POST',
    body: new URLSearchParams(SUDO),
  });
  token = ((await answer.json()) as { access_token: string }).access_token;
  const { certificate } = await call('GET', '/api/node/settings');
  agents = await Promise.all(Array.from({ length: NODES }, () => FakeMarzbanNode.start(certificate)));
  await call('PUT', '/api/core/config', configWith('FIRST'));
  for (const { port, apiPort } of agents) {
    const node = { name: `node ${port}`, address: '127.0.0.1', port, api_port: apiPort };
    await call('POST', '/api/node', { ...node, add_as_new_host: false });
  }
  await eventually(() => areAllOn('FIRST'), 60_000);
}, 120_000);
afterAll(async () => {
  await Promise.all(replicas?.map((replica) => replica.destroy()) ?? []);
  await Promise.all(agents.map((agent) => agent.close()));
  await Promise.all([db?.end(), other?.end()]);
  await database?.drop();
}, 60_000);

async function call(method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(replicas[0].url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return answer.json();
}

/** With a way out and an inbound that no other config has. */
const configWith = (tag: string) => ({
  ...CORE_CONFIG,
  inbounds: [...CORE_CONFIG.inbounds, { tag: `IN ${tag}`, port: 31009, protocol: 'vless', settings: {} }],
  outbounds: [...CORE_CONFIG.outbounds, { protocol: 'blackhole', tag }],
});

/** The configs that cores run at this moment, by what only they have. */
const running = () =>
  agents.map(({ fake }) =>
    fake?.isAlive ? fake.outboundTags().filter((tag) => /^(?:FIRST|NEW|NEVER)/.test(tag)) : [],
  );

/** Everybody runs it, is shown to be well, and nothing is left to do. */
async function areAllOn(tag: string): Promise<boolean> {
  expect(running()).toEqual(agents.map(() => [tag]));
  const { rows } = await db.query<Record<string, unknown>>(
    `SELECT status, message, applied_config_version = version AS "isApplied", last_good_config_version = version AS "isGood",
            starting_config_version AS starting, intended_start AS intended, config_generation = max(config_generation) OVER () AS "isAlike"
       FROM nodes JOIN node_runtime ON node_id = id CROSS JOIN core_config WHERE state = 'active'`,
  );
  const well = { status: 'connected', message: null, isApplied: true, isGood: true };
  expect(rows).toEqual(agents.map(() => ({ ...well, starting: null, intended: null, isAlike: true })));
  expect((await call('GET', '/api/core/config')).outbounds.at(-1).tag).toBe(tag);
  return true;
}

async function killOwner(): Promise<void> {
  replicas[0].signal('SIGKILL');
  await replicas[0].ended();
}

/** Starts another replica, and waits until it works on all nodes. */
async function startNext(): Promise<void> {
  const { rows } = await db.query<{ id: string }>('SELECT id FROM replica');
  replicas = [replicas[1], replicas[0]];
  await replicas[0].start(environment);
  await eventually(async () => {
    const leases = await db.query(
      'SELECT FROM node_lease WHERE expires_at > now() AND owner_id <> ALL ($1)',
      [rows.map(({ id }) => id)],
    );
    return leases.rowCount === NODES;
  }, 60_000);
}

const isWaiting = async (statement: string) => {
  const { rowCount } = await db.query(
    `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND starts_with(query, $1)`,
    [statement],
  );
  return rowCount! > 0;
};

describe('an owner that is killed while it is given a config', { timeout: 120_000 }, () => {
  it.each([
    [
      'before anything is written',
      'SELECT pg_advisory_xact_lock(7345002)',
      'SELECT pg_advisory_xact_lock($1)',
    ],
    ['when all but the demand on nodes is written', 'SELECT FROM nodes FOR UPDATE', 'WITH enabled AS'],
  ])(
    '%s leaves the config that was there, with all nodes, and no trace of the other',
    async (_, hold, held) => {
      const cores = agents.map((agent) => agent.cores);
      const versions = async () => (await db.query('SELECT version, state FROM core_config ORDER BY 1')).rows;
      const before = await versions();
      await other.query('BEGIN');
      await other.query(hold);
      const given = call('PUT', '/api/core/config', configWith('NEVER')).catch(() => 'not answered');
      try {
        await eventually(() => isWaiting(held), 30_000);
        await killOwner();
      } finally {
        await other.query('COMMIT');
      }
      expect(await given).toBe('not answered');
      await startNext();
      await eventually(() => areAllOn('FIRST'), 60_000);
      expect(agents.map((agent) => agent.cores)).toEqual(cores);
      expect(await versions()).toEqual(before);
      const { rows } = await db.query("SELECT tag FROM inbounds WHERE tag LIKE 'IN %'");
      expect(rows).toEqual([{ tag: 'IN FIRST' }]);
    },
  );

  it.each([
    ['when the first node has just ended its core for it', 1],
    ['when half of the nodes run it already', NODES / 2 + 1],
    ['when the last node has just ended its core for it', NODES],
  ])('%s has a successor that brings it to all nodes', async (_, nth) => {
    const tag = `NEW ${nth}`;
    const cores = agents.map((agent) => agent.cores);
    let started = 0;
    let isKilled = false;
    for (const agent of agents) {
      agent.beforeStart = async (config) => {
        if (!config.includes(tag) || ++started !== nth) return;
        await killOwner();
        isKilled = true;
      };
    }
    // Whether it is answered depends on how soon the nodes are.
    await call('PUT', '/api/core/config', configWith(tag)).catch(() => undefined);
    await eventually(() => isKilled, 60_000);
    await startNext();
    await eventually(() => areAllOn(tag), 60_000);
    // The one in whose start the owner died may have been started anew, the others once.
    const more = agents.map((agent, i) => agent.cores - cores[i]!);
    expect(more.filter((n) => n !== 1).length).toBeLessThanOrEqual(1);
    expect(Math.max(...more)).toBeLessThanOrEqual(2);
  });
});
