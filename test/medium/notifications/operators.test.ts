import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { webhookTarget } from '../../../src/shared/activity/targets.js';
import { eventually } from '../../support/eventually.js';
import { note, tellsShops } from '../../support/notices.js';
import { type Fleet, issues, startFleet } from '../../support/user-fleet.js';
import { WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 60_000 });

let well: WebhookTarget;
let ill: WebhookTarget;
let fleet: Fleet;
let names: { well: string; ill: string };

beforeAll(async () => {
  well = await WebhookTarget.start();
  ill = await WebhookTarget.start();
  fleet = await startFleet(tellsShops([well.address, `${ill.address}?key=secret`], { retries: 0 }));
  names = { well: webhookTarget(well.address), ill: webhookTarget(`${ill.address}?key=secret`) };
});
afterAll(async () => {
  await fleet?.close();
  await ill?.close();
  await well?.close();
});

beforeEach(() => {
  ill.behaviour = (response) => void response.writeHead(503).end('down');
});
afterEach(async () => {
  await fleet.sql('DELETE FROM notification');
  for (const { received } of [well, ill]) received.length = 0;
});

const list = async (query = '') => {
  const { status, json } = await fleet.sudo.get(`/api/notifications${query}`);
  expect(status).toBe(200);
  return json as { notifications: any[]; next_cursor: string | null };
};
const ended = (count: number) =>
  eventually(async () => {
    const { notifications } = await list('?limit=1000');
    const over = notifications.filter(({ state }) => state === 'delivered' || state === 'dead');
    return over.length === count && notifications;
  }, 30_000);

describe('operators see', () => {
  it('every delivery with what became of it, and no secret', async () => {
    await note(fleet, [{ action: 'user_created' }]);
    const [toIll, toWell] = (await ended(2)).toSorted((a, b) => (a.state < b.state ? -1 : 1));
    expect(toIll).toEqual({
      id: expect.any(Number),
      notification_id: toWell.notification_id,
      action: 'user_created',
      username: 'alice',
      enqueued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      target: names.ill,
      address: `http://127.0.0.1:${ill.port}`,
      state: 'dead',
      tries: 1,
      next_attempt_at: null,
      finished_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      last_status: 503,
      last_answer: 'down',
    });
    expect(toWell).toMatchObject({
      target: names.well,
      state: 'delivered',
      last_status: 200,
      last_answer: 'fine',
    });
  });

  it('them in pages, by state and target', async () => {
    await note(
      fleet,
      Array.from({ length: 5 }, (_, id) => ({
        action: 'user_updated' as const,
        user: { id, username: `user_${id}` },
      })),
    );
    const all = (await ended(10)).map(({ id }) => id);
    expect(all).toEqual(all.toSorted((a, b) => b - a));
    const paged: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await list(`?limit=3${cursor && `&cursor=${cursor}`}`);
      paged.push(...page.notifications.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all);
    const count = async (query: string) => (await list(query)).notifications.length;
    expect(await count('?state=dead')).toBe(5);
    expect(await count('?state=delivered')).toBe(5);
    expect(await count('?state=pending')).toBe(0);
    expect(await count(`?target=${names.ill}`)).toBe(5);
    expect(await count(`?target=${names.ill}&state=delivered`)).toBe(0);
    const first = await list(`?target=${names.well}&limit=2`);
    const second = await list(`?target=${names.well}&limit=3&cursor=${first.next_cursor}`);
    expect(first.notifications.length + second.notifications.length).toBe(5);
    expect(second.next_cursor).toBeNull();
  });

  it('who is told, and what waits for each', async () => {
    await fleet.sql(`WITH n AS (INSERT INTO notification (id, at, action) VALUES (gen_random_uuid(), now(), 'login') RETURNING id)
      INSERT INTO notification_delivery (notification_id, target, send_at, tries, state)
      SELECT id, target, now() + interval '1 minute', tries, state
        FROM n, (VALUES ('${names.ill}', 2, 'pending'), ('webhook:gone', 4, 'dead')) AS d (target, tries, state)`);
    const { json } = await fleet.sudo.get('/api/notifications/targets');
    expect(json.targets).toEqual([
      { target: names.well, address: `http://127.0.0.1:${well.port}`, pending: 0, failed: 0, dead: 0 },
      { target: names.ill, address: `http://127.0.0.1:${ill.port}`, pending: 0, failed: 1, dead: 0 },
      { target: 'webhook:gone', address: null, pending: 0, failed: 0, dead: 1 },
    ]);
    expect((await list('?state=failed')).notifications).toMatchObject([
      { tries: 2, next_attempt_at: expect.any(String) },
    ]);
  });

  it.each([
    ['?state=lost', 'query.state enum'],
    ['?limit=0', 'query.limit greater_than_equal'],
    ['?limit=1001', 'query.limit less_than_equal'],
    ['?cursor=next', 'query.cursor int_parsing'],
  ])('what is wrong with %s', async (query, issue) => {
    const reply = await fleet.sudo.get(`/api/notifications${query}`);
    expect(reply.status).toBe(422);
    expect(issues(reply)[0]).toMatch(new RegExp(`^${issue}`));
  });
});

describe('operators have', () => {
  it('one sent again, and to one target only', async () => {
    await note(fleet, [{ action: 'user_created' }]);
    const dead = (await ended(2)).find(({ state }) => state === 'dead');
    ill.behaviour = (response) => response.end();
    const reply = await fleet.sudo.post(`/api/notifications/${dead.id}/replay`);
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({ id: dead.id, state: 'pending', tries: 0, finished_at: null });
    await eventually(async () => (await list('?state=delivered')).notifications.length === 2);
    expect(ill.received.map(({ headers }) => headers['x-margrave-ids'])).toEqual([
      dead.notification_id,
      dead.notification_id,
    ]);
    expect(well.received).toHaveLength(1);
  });

  it('everything sent again that was given up of a target', async () => {
    await note(fleet, [{ action: 'user_created' }, { action: 'user_updated' }, { action: 'user_deleted' }]);
    await ended(6);
    ill.received.length = 0;
    ill.behaviour = (response) => response.end();
    const reply = await fleet.sudo.post('/api/notifications/replay', { target: names.ill });
    expect([reply.status, reply.json]).toEqual([200, { replayed: 3 }]);
    await eventually(async () => (await list('?state=delivered')).notifications.length === 6);
    expect(ill.log).toEqual(['alice user_created', 'alice user_updated', 'alice user_deleted']);
    expect((await fleet.sudo.post('/api/notifications/replay', { target: names.ill })).json).toEqual({
      replayed: 0,
    });
  });

  it('a target tried with a notification about nobody', async () => {
    const failed = await fleet.sudo.post('/api/notifications/test', { target: names.ill });
    expect([failed.status, failed.json]).toEqual([200, { result: 'failed', status: 503, answer: 'down' }]);
    const sent = await fleet.sudo.post('/api/notifications/test', { target: names.well });
    expect([sent.status, sent.json]).toEqual([200, { result: 'delivered', status: 200, answer: 'fine' }]);
    expect(well.received.at(-1)!.events).toEqual([
      {
        enqueued_at: expect.any(Number),
        send_at: expect.any(Number),
        tries: 0,
        username: 'test',
        action: 'test',
      },
    ]);
    expect((await list()).notifications).toEqual([]);
  });

  it.each([
    ['/api/notifications/999999999999/replay', undefined, 404],
    ['/api/notifications/first/replay', undefined, 422],
    ['/api/notifications/replay', { target: 'webhook:none' }, 404],
    ['/api/notifications/test', { target: 'pigeon' }, 404],
    ['/api/notifications/test', {}, 422],
  ])('no success with POST %s %j', async (path, body, status) => {
    expect((await fleet.sudo.post(path, body)).status).toBe(status);
  });
});

it.each(['GET ', 'GET /targets', 'POST /1/replay', 'POST /replay', 'POST /test'])(
  'strangers and other admins are refused at %s',
  async (route) => {
    const [method, path] = route.split(' ') as ['GET' | 'POST', string];
    const send = (client: typeof fleet.sudo) =>
      method === 'GET'
        ? client.get(`/api/notifications${path}`)
        : client.post(`/api/notifications${path}`, { target: names.well });
    expect((await send(fleet.client())).status).toBe(401);
    expect((await send(fleet.reseller)).status).toBe(403);
    expect(well.received).toEqual([]);
  },
);
