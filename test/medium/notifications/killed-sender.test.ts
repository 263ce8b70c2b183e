import type { ServerResponse } from 'node:http';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { startApp, type TestApp } from '../../support/app.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { note, tellsShops } from '../../support/notices.js';
import { ServiceProcess } from '../../support/service-process.js';
import { WebhookTarget } from '../../support/webhook-target.js';

const USERS = 30;
const ROUNDS = 30;
const EVENTS = USERS * ROUNDS;
/** At these requests of the first shop the process is killed that sent them. */
const KILLED_AT = [2, 6];

let database: TestDatabase;
let db: pg.Client;
let shops: WebhookTarget[];
let writer: TestApp;
const replicas = new Map<string, ServiceProcess>();

beforeEach(async () => {
  database = await createTestDatabase();
  db = new pg.Client(clientOptions(database.connection));
  await db.connect();
  shops = [await WebhookTarget.start(), await WebhookTarget.start()];
  // Changes what there is to tell, and tells nobody itself.
  writer = await startApp(
    { role: 'api', ...tellsShops(shops.map(({ address }) => address)) },
    database.connection,
  );
});
afterEach(async () => {
  await Promise.all([...replicas.values()].map((replica) => replica.destroy()));
  await writer?.close();
  for (const shop of shops ?? []) await shop.close();
  await db?.end();
  await database?.drop();
});

const ids = async (sql: string) => (await db.query<{ id: string }>(sql)).rows.map(({ id }) => id);

/** Starts one more process that sends, and finds out which of the replicas it is. */
async function startReplica(): Promise<void> {
  const replica = await ServiceProcess.create();
  const known = await ids('SELECT id FROM replica');
  await replica.start({
    DATABASE_URL: addressOf(database.connection),
    DATABASE_POOL_SIZE: '4',
    ROLE: 'worker',
    SECRET_KEY: writer.config.secretKey!,
    WEBHOOK_ADDRESS: shops.map(({ address }) => address).join(),
    JOB_SEND_NOTIFICATIONS_INTERVAL: '2',
    RECURRENT_NOTIFICATIONS_TIMEOUT: '1',
  });
  const id = (await ids('SELECT id FROM replica')).find((other) => !known.includes(other))!;
  replicas.set(id, replica);
}

async function killSender(): Promise<void> {
  const [holder] = await ids(
    `SELECT holder AS id FROM jobs WHERE name = 'deliver-notifications' AND holder IS NOT NULL`,
  );
  const sender = replicas.get(holder!)!;
  sender.signal('SIGKILL');
  await sender.ended();
}

it(
  'every event arrives, in order, though the process that sends is killed in the middle',
  { timeout: 240_000 },
  async () => {
    for (let n = 0; n < 3; n++) await startReplica();
    let killing: Promise<void> | undefined;
    let killed = 0;
    const held: ServerResponse[] = [];
    for (const shop of shops) {
      shop.behaviour = (response) => {
        // While it is killed nobody is answered, so that what is on its way has arrived and is not noted.
        if (shop === shops[0] && KILLED_AT.includes(shop.received.length)) {
          killing = killSender().then(() => {
            killed++;
            killing = undefined;
          });
        }
        if (killing) held.push(response);
        else response.end();
      };
    }
    for (let round = 0; round < ROUNDS; round++) {
      await note(
        writer,
        Array.from({ length: USERS }, (_, id) => ({
          action: 'user_updated' as const,
          user: { id, username: `user_${id}`, note: String(round) },
        })),
      );
    }
    await eventually(async () => {
      const { rows } = await db.query(`SELECT FROM notification_delivery WHERE state <> 'delivered'`);
      return rows.length === 0;
    }, 200_000);
    for (const response of held) response.destroy();

    const ledger = shops.map(({ received }) => {
      const sent = received.map(({ headers }) => String(headers['x-margrave-ids']).split(','));
      const seen = new Set<string>();
      const rounds = new Map<string, number[]>();
      let repeated = 0;
      for (const [n, { events }] of received.entries()) {
        for (const [m, event] of events.entries()) {
          const id = sent[n]![m]!;
          if (seen.has(id)) repeated++;
          else rounds.set(event.username, [...(rounds.get(event.username) ?? []), Number(event.user.note)]);
          seen.add(id);
        }
      }
      return { arrived: seen.size, repeated, rounds };
    });
    expect(killed).toBe(KILLED_AT.length);
    for (const { arrived, repeated, rounds } of ledger) {
      expect(arrived).toBe(EVENTS);
      // One request of each target at most, each time.
      expect(repeated).toBeLessThanOrEqual(KILLED_AT.length * 100);
      for (const order of rounds.values())
        expect(order).toEqual(Array.from({ length: ROUNDS }, (_, round) => round));
    }
    expect(ledger[0]!.repeated).toBeGreaterThan(0); // both times one was on its way
  },
);
