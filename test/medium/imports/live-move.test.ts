import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { command, type CommandResult } from '../../support/command.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { startPanelOn } from '../../support/former-panel.js';
import { copyOfSource, goldenImport, type SourceCopy } from '../../support/imports.js';
import { ServiceProcess } from '../../support/service-process.js';

const ALICE = { email: '1.alice', booked: 12_345_678_901 };
const CAROL = { email: '3.carol.smith', booked: 500 };
const DELETED = '18.day_active';
/** Ids of the nodes that are not disabled, of which the last charges two and a half times. */
const [DE, NL, NL2] = [1, 3, 4];
const DISABLED = 5;
const CORE_CONFIG = JSON.parse(readFileSync(goldenImport('expected/sqlite/core-config.json'), 'utf8'));
const VMESS = 'VMess TCP';

let source: SourceCopy;
let target: TestDatabase;
let service: ServiceProcess;
let client: pg.Client;
const agents = new Map<number, FakeMarzbanNode>();
const runs: Record<'dry' | 'first' | 'final', CommandResult> = {} as never;

/** As Marzban writes instants. */
const now = () => new Date().toISOString().replace('T', ' ').replace('Z', '000');
const thisHour = () => `${now().slice(0, 13)}:00:00.000000`;

const sql = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> =>
  (await client.query<R>(text, values)).rows;
const core = (id: number) => agents.get(id)!.fake!;
/** On how many inbounds a core has an account of this name. */
const accounts = (id: number, email: string) =>
  CORE_CONFIG.inbounds.filter(({ tag }: { tag: string }) => core(id).emails(tag).includes(email)).length;
const used = async (email: string) =>
  Number(
    (await sql('SELECT used_traffic FROM user_usage WHERE user_id = $1', [Number.parseInt(email, 10)]))[0]!
      .used_traffic,
  );

/** In the folder of the service, whose `.env` is used. */
const margrave = (...words: string[]) =>
  command(words, {
    cwd: service.folder,
    environment: { DATABASE_URL: addressOf(target.connection), DATA_DIR: service.dataDir },
  });
const importIt = (...words: string[]) =>
  margrave(
    ...['import', '--from', source.url, '--env', goldenImport('marzban.env')],
    ...['--core-config', goldenImport('xray_config.json'), ...words],
  );

async function ask(path: string): Promise<string> {
  const login = new URLSearchParams({ username: 'envadmin_a', password: 'env-A-secret' });
  const reply = await fetch(`${service.url}/api/admin/token`, { method: 'POST', body: login });
  const { access_token: token } = (await reply.json()) as { access_token: string };
  return (await fetch(service.url + path, { headers: { authorization: `Bearer ${token}` } })).text();
}

function identityOf(file: string): { certificate: string; key: string } {
  const database = new Database(file);
  const row = database.prepare('SELECT certificate, key FROM tls').get() as never;
  database.close();
  return row;
}

/** Marzban's nodes with its session and a core of its own, but for the one that is disabled there. */
async function startFleet(): Promise<void> {
  const identity = identityOf(source.file);
  for (const id of [DE, NL, NL2, DISABLED]) {
    const agent = await FakeMarzbanNode.start(identity.certificate);
    agents.set(id, agent);
    if (id !== DISABLED) await startPanelOn(agent, identity, CORE_CONFIG);
    source.sql(
      `UPDATE nodes SET address = '127.0.0.1', port = ${agent.port}, api_port = ${agent.apiPort} WHERE id = ${id}`,
    );
  }
}

/** Until all nodes are connected. */
async function startService(): Promise<void> {
  await service.start({
    DATABASE_URL: addressOf(target.connection),
    JOB_RECORD_USER_USAGES_INTERVAL: '1',
    JOB_RECORD_NODE_USAGES_INTERVAL: '1',
    SERVER_IP: '203.0.113.10',
  });
  await eventually(async () => {
    const nodes = JSON.parse(await ask('/api/nodes')) as { id: number; status: string; message: string }[];
    const others = nodes.filter(({ id, status }) => id !== DISABLED && status !== 'connected');
    if (others.length > 0) throw new Error(JSON.stringify(others));
    return true;
  }, 120_000);
}

/** What happens at the source between the two imports. */
function goOnThere(): void {
  source.sql(
    `UPDATE users SET note = 'changed after the first import', data_limit = 60000000000, edit_at = '${now()}' WHERE id = 1`,
    `UPDATE users SET used_traffic = 500, online_at = '${now()}' WHERE id = 3`,
    `INSERT INTO node_user_usages (created_at, user_id, node_id, used_traffic) VALUES ('${thisHour()}', 3, ${NL}, 500)`,
    'DELETE FROM proxies WHERE user_id = 18',
    'DELETE FROM node_user_usages WHERE user_id = 18',
    'DELETE FROM users WHERE id = 18',
    `INSERT INTO users (id, username, status, used_traffic, created_at) VALUES (65, 'newcomer', 'active', 0, '${now()}')`,
    `INSERT INTO proxies (user_id, type, settings) VALUES (65, 'VMess', '{"id": "0b83ae1c-5ba1-4d6e-a6a1-1c0fd7e9d7b1"}')`,
  );
}

beforeAll(async () => {
  source = await copyOfSource();
  target = await createTestDatabase();
  service = await ServiceProcess.create();
  client = new pg.Client(clientOptions(target.connection));
  await client.connect();
  await startFleet();
  const report = join(service.folder, 'report.json');
  runs.dry = await importIt('--dry-run', '--report', report);
  writeFileSync(join(service.folder, '.env'), JSON.parse(readFileSync(report, 'utf8')).environment);
  source.sql(
    `INSERT INTO node_user_usages (created_at, user_id, node_id, used_traffic) VALUES ('${thisHour()}', 1, ${DE}, 1)`,
  );
  runs.first = await importIt();
  goOnThere();
  // What the cores have counted since Marzban read them last, and set them to zero.
  core(DE).count(ALICE.email, 1_000n, 234n);
  core(DE).countOutbound('DIRECT', 1_000n, 300n);
  runs.final = await importIt('--final');
  core(NL).count(ALICE.email, 6n, 0n);
  core(NL2).count(CAROL.email, 40n, 60n);
  await startService();
}, 300_000);
afterAll(async () => {
  await service?.destroy();
  await client?.end();
  await target?.drop();
  await source?.remove();
  for (const agent of agents.values()) await agent.close();
});

describe('a move from a Marzban whose nodes serve all the while', { timeout: 120_000 }, () => {
  it('is imported by the command line, which says whether Marzban runs', () => {
    for (const run of Object.values(runs)) expect(run).toMatchObject({ code: 0 });
    expect(runs.dry.out).toContain('dry run, nothing was written');
    expect(runs.first.out).toContain('Marzban seems to be running');
    expect(runs.final.out).toContain('make sure that Marzban is down');
  });

  it('gives each node one session and one start of its core', () => {
    for (const id of [DE, NL, NL2]) {
      const agent = agents.get(id)!;
      const count = { connect: agent.count('/connect'), starts: agent.starts.length, cores: agent.cores };
      expect(count, `node ${id}`).toEqual({ connect: 2, starts: 2, cores: 2 }); // Marzban's and ours
      expect(agent.count('/disconnect')).toBe(0);
      expect(agent.starts[1]!.session_id).toBe(agent.session);
      expect(agent.starts[1]!.session_id).not.toBe(agent.starts[0]!.session_id);
    }
    expect(agents.get(DISABLED)!.calls.filter((path) => path !== '/')).toEqual([]); // it is looked at, no more
  });

  it('charges what the cores of Marzban had counted, once', async () => {
    expect(await used(ALICE.email)).toBe(ALICE.booked + 1_234 + 6);
    expect(await used(CAROL.email)).toBe(CAROL.booked + 250);
    const hours = await sql(
      `SELECT user_id, node_id, sum(used_traffic)::int AS bytes FROM node_user_usages
        WHERE created_at > now() - interval '2 hours' GROUP BY user_id, node_id ORDER BY user_id, node_id`,
    );
    expect(hours).toEqual([
      { user_id: 1, node_id: DE, bytes: 1 + 1_234 },
      { user_id: 1, node_id: NL, bytes: 6 },
      { user_id: 3, node_id: NL, bytes: 500 },
      { user_id: 3, node_id: NL2, bytes: 250 },
    ]);
    const totals = await sql('SELECT uplink::int, downlink::int FROM nodes WHERE id = $1', [DE]);
    expect(totals).toEqual([{ uplink: 1_000, downlink: 300 }]);
  });

  it('goes on counting from there', async () => {
    core(DE).count(ALICE.email, 0n, 10n);
    core(NL2).count(CAROL.email, 2n, 2n);
    await eventually(async () => (await used(ALICE.email)) === ALICE.booked + 1_250, 60_000);
    await eventually(async () => (await used(CAROL.email)) === CAROL.booked + 260, 60_000);
  });

  it('has the users as they were last at the source, on every core', async () => {
    expect(JSON.parse(await ask('/api/user/alice'))).toMatchObject({
      note: 'changed after the first import',
      data_limit: 60_000_000_000,
    });
    expect(await sql("SELECT FROM users WHERE username = 'day_active'")).toEqual([]);
    for (const id of [DE, NL, NL2]) {
      await eventually(() => core(id).emails(VMESS).includes('65.newcomer'), 30_000);
      expect(core(id).emails(VMESS)).toContain(ALICE.email);
      expect(accounts(id, CAROL.email)).toBeGreaterThan(0);
      expect(accounts(id, DELETED)).toBe(0);
    }
  });

  it('is shown by the command line beside the service', async () => {
    const status = await margrave('status', '--json');
    expect(status).toMatchObject({ code: 0 });
    const { replicas, nodes } = JSON.parse(status.out);
    expect(replicas).toHaveLength(1);
    const states = nodes.map(({ id, status }: { id: number; status: string }) => [id, status]);
    expect(states).toEqual(
      expect.arrayContaining([
        [DE, 'connected'],
        [NL, 'connected'],
        [NL2, 'connected'],
        [DISABLED, 'disabled'],
      ]),
    );
  });
});
