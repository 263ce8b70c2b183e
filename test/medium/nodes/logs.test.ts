import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeAdapters } from '../../../src/features/nodes/adapters/node-adapters.js';
import { LocalAdapter } from '../../../src/features/nodes/adapters/local/local-adapter.js';
import { eventually } from '../../support/eventually.js';
import { type FakeFleet, startFakeFleet } from '../../support/fake-fleet.js';
import { openLog, refusal } from '../../support/log-socket.js';

/** A local core that cannot be started. */
const nowhere = {
  executable: { path: '/nonexistent/xray', version: '' },
  assetsPath: undefined,
};

const dataDir = mkdtempSync(join(tmpdir(), 'margrave-log-'));
let fleet: FakeFleet;
let token: string;
let plain: string;

beforeAll(async () => {
  fleet = await startFakeFleet();
  await fleet.sudo.post('/api/admin', { username: 'plain', password: 'plain password', is_sudo: false });
  token = await fleet.login('root', 'correct horse battery');
  plain = await fleet.login('plain', 'plain password');
});
afterAll(async () => {
  await fleet?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe("the log of the service's own core", () => {
  const CORE = '/api/core/logs';

  it('is one line that explains, where there is no core', async () => {
    const log = await openLog(fleet.url, `${CORE}?interval=1&token=${token}`);
    expect(await log.received(1)).toEqual([
      'There is no Xray beside this replica of the service, so there is no log to show.\n',
    ]);
    log.socket.close();
  });

  it('is one line that says where it is, when another replica has the core', async () => {
    const id = '6f0f9d9c-0000-4000-8000-000000000001';
    await fleet.sql("INSERT INTO replica (id, name, draining) VALUES ($1, 'other-host', true)", [id]);
    await fleet.sql("INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '127.0.0.1')");
    await fleet.sql(
      `UPDATE node_lease SET owner_id = $1, expires_at = 'infinity'
        WHERE node_id = (SELECT id FROM nodes WHERE kind = 'local')`,
      [id],
    );
    fleet.app.get(NodeAdapters, { strict: false }).add('local', new LocalAdapter(dataDir, nowhere));
    const log = await openLog(fleet.url, CORE, token);
    expect(await log.received(1)).toEqual([
      'The core runs beside another replica of the service (other-host); its log is there.',
    ]);
    log.socket.close();
  });

  it.each<[string, () => string, () => string | undefined, string]>([
    ['nobody', () => '', () => undefined, 'Unauthorized'],
    ['a wrong token', () => '?token=x', () => token, 'Unauthorized'],
    ['another scheme', () => '', () => `Basic ${token}`, 'Unauthorized'],
    ['a plain admin', () => `?token=${plain}`, () => undefined, "You're not allowed"],
    ['a plain admin by header', () => '?interval=x&token=', () => plain, "You're not allowed"],
    ['no number', () => `?interval=x&token=${token}`, () => undefined, 'Invalid interval value'],
    [
      'too long an interval',
      () => '?interval=1&interval=10.5',
      () => token,
      'Interval must be more than 0 and at most 10 seconds',
    ],
    [
      'a negative interval',
      () => '?interval=-1',
      () => token,
      'Interval must be more than 0 and at most 10 seconds',
    ],
  ])('is refused before it is opened: %s', async (_, query, header, detail) => {
    expect(await refusal(fleet.url, CORE + query(), header())).toEqual([403, { detail }]);
  });

  it.each(['/', '/api/core/logs/', '/api/nothing'])('is not at %s', async (path) => {
    expect(await refusal(fleet.url, path, token)).toEqual([403, { detail: 'Not Found' }]);
  });

  it('is no ordinary path', async () => {
    expect((await fleet.sudo.get(CORE)).status).toBe(404);
  });
});

describe('the log of a core of this machine', () => {
  const file = join(dataDir, 'xray', 'xray.log');
  const LOG = () => `/api/node/${id}/logs`;
  let id: number;

  beforeAll(async () => {
    ({ id } = await fleet.addNode());
    await eventually(async () => (await fleet.sudo.get(`/api/node/${id}`)).json.status === 'connected');
    // A node whose log is a file like that of the local core.
    const adapter = fleet.app.get(NodeAdapters, { strict: false }).of('marzban_node')!;
    const file = new LocalAdapter(dataDir, nowhere);
    fleet.app.get(NodeAdapters, { strict: false }).add('marzban_node', {
      connect: (reach, memory) => adapter.connect(reach, memory),
      logs: (reach, signal) => (reach.nodeId === id ? file : adapter).logs!(reach, signal),
    });
    mkdirSync(join(dataDir, 'xray'), { recursive: true });
  });

  it('begins with a hundred lines, goes on live, and is read once for all', async () => {
    writeFileSync(file, `${Array.from({ length: 5_000 }, (_, i) => `line ${i}`).join('\n')}\n`);
    const first = await openLog(fleet.url, LOG(), token);
    expect(await first.received(100)).toEqual(Array.from({ length: 100 }, (_, i) => `line ${4_900 + i}`));
    const second = await openLog(fleet.url, `${LOG()}?interval=0.1`, token);
    expect((await second.received(1))[0]!.split('\n')).toHaveLength(101);
    appendFileSync(file, '  padded é \nhalf');
    expect((await first.received(101)).at(-1)).toBe('padded é');
    appendFileSync(file, ' and half\n');
    expect((await first.received(102)).at(-1)).toBe('half and half');
    await eventually(() => second.messages.join('').endsWith('line 4999\npadded é\nhalf and half\n'));
    truncateSync(file, 0);
    appendFileSync(file, 'anew\n');
    expect((await first.received(103)).at(-1)).toBe('anew');
    first.socket.send('whatever');
    appendFileSync(file, 'still\n');
    expect((await first.received(104)).at(-1)).toBe('still');
    first.socket.close();
    second.socket.close();
  });

  it('loses no line however fast they come', async () => {
    const log = await openLog(fleet.url, `${LOG()}?interval=0.1`, token);
    // Whoever read for others a moment ago may still be there, with what was written before.
    const mark = 'from here on\n';
    appendFileSync(file, mark);
    const since = () => log.messages.join('').split(mark)[1];
    await eventually(() => since() !== undefined);
    for (let i = 0; i < 50; i++) {
      appendFileSync(file, `${Array.from({ length: 100 }, (_, n) => `line ${i * 100 + n}`).join('\n')}\n`);
    }
    const all = await eventually(() => {
      const lines = since()!.split('\n').slice(0, -1);
      return lines.length >= 5_000 && lines;
    });
    expect(all).toEqual(Array.from({ length: 5_000 }, (_, i) => `line ${i}`));
    log.socket.close();
  });
});

describe('the log of a node', () => {
  it('is refused in the order clients know', async () => {
    const { id } = await fleet.addNode();
    await eventually(async () => (await fleet.sudo.get(`/api/node/${id}`)).json.status === 'connected');
    const refused = (path: string, as?: string) => refusal(fleet.url, `/api/node/${path}`, as);
    expect(await refused(`999/logs?interval=x`)).toEqual([403, { detail: 'Unauthorized' }]);
    expect(await refused(`999/logs?interval=x`, plain)).toEqual([403, { detail: "You're not allowed" }]);
    expect(await refused(`999/logs?interval=x`, token)).toEqual([403, { detail: 'Node not found' }]);
    expect(await refused('abc/logs', token)).toEqual([403, { detail: 'Node not found' }]);
    expect(await refused(`${id}/logs?interval=x`, token)).toEqual([
      403,
      { detail: 'Invalid interval value' },
    ]);
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    expect(await refused(`${id}/logs?interval=x`, token)).toEqual([403, { detail: 'Node is not connected' }]);
  });

  it('is not there for a kind that nothing connects to', async () => {
    const { id } = (await fleet.sudo.post('/api/node', { name: 'agent', address: 'x' })).json;
    await eventually(async () => (await fleet.sudo.get(`/api/node/${id}`)).json.status === 'error');
    expect(await refusal(fleet.url, `/api/node/${id}/logs`, token)).toEqual([
      403,
      { detail: 'Node is not connected' },
    ]);
  });
});

describe('whoever reads a log', () => {
  it.each<[string, (name: string) => Promise<unknown>, [number, string]]>([
    [
      'is deleted',
      (name) => fleet.sql('DELETE FROM admins WHERE username = $1', [name]),
      [4401, 'Unauthorized'],
    ],
    [
      'has a new password',
      (name) => fleet.sql('UPDATE admins SET credential_version = 9 WHERE username = $1', [name]),
      [4401, 'Unauthorized'],
    ],
    [
      'loses its rights',
      (name) => fleet.sql('UPDATE admins SET is_sudo = false WHERE username = $1', [name]),
      [4403, "You're not allowed"],
    ],
  ])('is cut off within seconds when it %s', async (_, change, end) => {
    const name = `admin_${end[0]}_${Math.random().toString(36).slice(2, 8)}`;
    await fleet.sql(
      `INSERT INTO admins (username, hashed_password, is_sudo)
       SELECT $1, hashed_password, true FROM admins WHERE username = 'plain'`,
      [name],
    );
    const own = await fleet.login(name, 'plain password');
    const log = await openLog(fleet.url, '/api/core/logs', own);
    await log.received(1);
    await change(name);
    await eventually(() => log.socket.readyState === log.socket.CLOSED, 15_000);
    expect(await log.closed()).toEqual(end);
  });
});

describe('a service that stops', () => {
  it('closes its logs', async () => {
    const replica = await fleet.replica();
    const log = await openLog(replica.url, '/api/core/logs', token);
    await log.received(1);
    await replica.close();
    expect(await log.closed()).toEqual([1001, 'The service stops']);
  });
});
