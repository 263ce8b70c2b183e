import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { note, tellsShops } from '../../support/notices.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';
import { type Received, WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 60_000 });

const MEBIBYTE = 1024 * 1024;

let target: WebhookTarget;
let fleet: Fleet;
beforeAll(async () => {
  target = await WebhookTarget.start();
  fleet = await startFleet(tellsShops([target.address]));
});
afterAll(async () => {
  await fleet?.close();
  await target?.close();
});

/** Users of whom so many kilobytes are told, in letters of two bytes. */
const users = (from: number, count: number, kilobytes: number) =>
  Array.from({ length: count }, (_, n) => ({
    action: 'user_created' as const,
    user: { id: from + n, username: `user_${from + n}`, note: 'é'.repeat(kilobytes * 512) },
  }));

const bytesOf = ({ body }: Received) => Buffer.byteLength(body);
/** Of an event alone, with the brackets. */
const bytesOfFirst = ({ events }: Received) => Buffer.byteLength(JSON.stringify(events[0])) + 2;

it('what is more than 1 MiB comes in several bodies, each as full as may be, and in order', async () => {
  const told = [...users(0, 70, 20), ...users(70, 1, 1500), ...users(71, 70, 20)];
  await note(fleet, told);
  await eventually(() => target.log.length >= told.length, 45_000);

  expect(target.log).toEqual(told.map(({ user }) => `${user.username} user_created`));
  const { received } = target;
  for (const { events, headers } of received) {
    expect(String(headers['x-margrave-ids']).split(',')).toHaveLength(events.length);
  }
  const large = received.filter((request) => bytesOf(request) > MEBIBYTE);
  expect(large.map(({ events }) => events.map(({ username }) => username))).toEqual([['user_70']]);
  expect(bytesOf(large[0]!)).toBeGreaterThan(1500 * 1024);
  for (const [n, request] of received.slice(0, -1).entries()) {
    expect(bytesOf(request) + bytesOfFirst(received[n + 1]!)).toBeGreaterThan(MEBIBYTE);
  }
});
