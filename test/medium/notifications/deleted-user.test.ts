import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { tellsShops } from '../../support/notices.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';
import { WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 60_000 });

let target: WebhookTarget;
let fleet: Fleet;
const held: ServerResponse[] = [];
beforeAll(async () => {
  target = await WebhookTarget.start((response) => void held.push(response));
  fleet = await startFleet(tellsShops([target.address], { retrySeconds: 1 }));
});
afterAll(async () => {
  await fleet?.close();
  await target?.close();
});

it('a user who is gone when shops hear of it is told of as it was, in order', async () => {
  const create = (note: string) =>
    fleet.reseller.post('/api/user', { username: 'alice', proxies: { vless: {} }, note });
  const created = await create('the first');
  // The shop is at the first event while the rest happens, and fails then: all of it is delivered to somebody who is gone.
  await eventually(() => held.length === 1);
  const modified = await fleet.sudo.put('/api/user/alice', { note: 'the last', data_limit: 1024 });
  await fleet.sudo.post('/api/user/alice/reset');
  expect((await fleet.reseller.delete('/api/user/alice')).status).toBe(200);
  const again = await create('another');
  expect([created.status, modified.status, again.status]).toEqual([200, 200, 200]);
  target.behaviour = (response) => response.end();
  held[0]!.writeHead(500).end();

  const events = await eventually(() => {
    const told = target.received.slice(1).flatMap((request) => request.events);
    return told.length >= 5 && told;
  }, 30_000);
  expect(events.map(({ action, username, by }) => [action, username, by.username])).toEqual([
    ['user_created', 'alice', 'reseller'],
    ['user_updated', 'alice', 'root'],
    ['data_usage_reset', 'alice', 'root'],
    ['user_deleted', 'alice', 'reseller'],
    ['user_created', 'alice', 'reseller'],
  ]);
  expect(events[0].user).toEqual(created.json);
  expect(events[1].user).toEqual(modified.json);
  expect(events[2].user).toMatchObject({ note: 'the last', data_limit: 1024, used_traffic: 0 });
  expect(events[3]).not.toHaveProperty('user');
  expect(events[4].user).toEqual(again.json);
  const gone = await fleet.sql<{ told: string }>(
    `SELECT DISTINCT d.state || ' ' || (n.user_id = u.id) AS told
       FROM notification_delivery d JOIN notification n ON n.id = d.notification_id, users u
      WHERE u.username = 'alice' ORDER BY 1`,
  );
  expect(gone.map(({ told }) => told)).toEqual(['delivered false', 'delivered true']);
});
