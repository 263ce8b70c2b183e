import { afterEach, expect, it, vi } from 'vitest';
import { webhookTarget } from '../../../src/shared/activity/targets.js';
import { eventually } from '../../support/eventually.js';
import { note, tellsShops } from '../../support/notices.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';
import { WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 60_000 });

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

const users = (letter: string, count: number) =>
  Array.from({ length: count }, (_, id) => ({
    action: 'user_created' as const,
    user: { id, username: `${letter}${id}` },
  }));

/** States, attempts and statuses of what was noted, and of how many. */
async function ended(fleet: Fleet, target: WebhookTarget, count: number): Promise<unknown[]> {
  return eventually(async () => {
    const rows = await fleet.sql<{ state: string; users: number }>(
      `SELECT state, tries, last_status, count(*)::int AS users FROM notification_delivery
        WHERE target = $1 GROUP BY 1, 2, 3 ORDER BY 1`,
      [webhookTarget(target.address)],
    );
    const sum = rows.reduce((all, row) => all + (row.state === 'pending' ? 0 : row.users), 0);
    return sum === count && rows;
  }, 45_000);
}

it('a target that fails twenty times in a row takes all that is due for it, and nothing any more once it is well', async () => {
  const target = await WebhookTarget.start((response) => void response.writeHead(500).end());
  open.push(target);
  const fleet = await startFleet(tellsShops([target.address], { retries: 1, retrySeconds: 1 }));
  open.push(fleet);
  // All in one message; then each of them would be sent alone.
  await note(fleet, users('a', 30));
  expect(await ended(fleet, target, 30)).toEqual([{ state: 'dead', tries: 2, last_status: 500, users: 30 }]);
  expect(target.received.map(({ events }) => events.length)).toEqual([30, ...Array(19).fill(1)]);

  target.behaviour = (response) => response.end();
  await note(fleet, users('b', 1));
  await ended(fleet, target, 31);

  target.behaviour = (response) => void response.writeHead(500).end();
  target.received.length = 0;
  await note(fleet, users('c', 5));
  expect(await ended(fleet, target, 36)).toEqual([
    { state: 'dead', tries: 2, last_status: 500, users: 35 },
    { state: 'delivered', tries: 1, last_status: 200, users: 1 },
  ]);
  expect(target.received.map(({ events }) => events.length)).toEqual([5, 1, 1, 1, 1, 1]);
});
