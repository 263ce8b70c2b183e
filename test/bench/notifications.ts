import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';
import { snapshotOf } from '../../src/features/users/user-snapshot.js';
import { webhookTarget } from '../../src/shared/activity/targets.js';
import type { Connection } from '../../src/shared/database/data-source.js';
import { eventually } from '../support/eventually.js';
import { testUser } from '../support/test-user.js';
import { memoryOf } from './cpu.js';
import { withClient } from './database.js';
import { median, milliseconds, type Row } from './report.js';
import { useTenHosts } from './seed.js';
import { BenchService } from './service.js';

const EVENTS = 100_000;
const USERS = 10_000;
const PROBES = 20;
/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:9/hook';

/** A queue of 100,000 events for a shop that takes them at once, and for one that is gone. */
export async function notificationRows(connection: Connection, dataDir: string): Promise<Row[]> {
  let arrived = 0;
  const shop = createServer((request, response) => {
    request.resume().once('end', () => {
      arrived += String(request.headers['x-margrave-ids']).split(',').length;
      response.end();
    });
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/hook`;
  const targets = [webhookTarget(address), webhookTarget(DEAD)];
  const service = new BenchService(dataDir, {
    WEBHOOK_ADDRESS: `${address},${DEAD}`,
    JOB_SEND_NOTIFICATIONS_INTERVAL: '5',
  });
  try {
    await service.start();
    await useTenHosts(service);
    return await withClient(connection, async (db) => {
      await queue(db, EVENTS, targets);
      const begun = performance.now();
      const marks: number[] = [];
      await eventually(() => {
        if (arrived >= ((marks.length + 1) * EVENTS) / 10) marks.push(memoryOf(service.pid).now);
        return arrived >= EVENTS;
      }, 600_000);
      // What is garbage is collected when V8 likes: between that, what is held shows.
      const held = (some: number[]) => Math.min(...some);
      const growth = held(marks.slice(-4)) - held(marks.slice(0, 4));
      const perSecond = EVENTS / ((performance.now() - begun) / 1000);
      // The dead one has all of them still, or again.
      const times: number[] = [];
      for (let probe = 0; probe < PROBES; probe++) {
        const expected = arrived + 1;
        const since = performance.now();
        await queue(db, 1, targets);
        await eventually(() => arrived >= expected);
        times.push(performance.now() - since);
      }
      return [
        {
          name: `${EVENTS / 1000}k events to a fast target, beside a dead one`,
          measured: `${perSecond.toFixed(0)}/s`,
          target: '≥ 500/s',
          ok: perSecond >= 500,
        },
        {
          name: 'memory from its first to its last third',
          measured: `${growth < 0 ? '' : '+'}${growth.toFixed(0)} MB (at most ${Math.max(...marks).toFixed(0)})`,
          target: '≤ 60 MB',
          ok: growth <= 60,
        },
        milliseconds('one event, with the dead one’s queue waiting', median(times), 200),
      ];
    });
  } finally {
    await service.stop();
    shop.closeAllConnections();
    shop.close();
  }
}

/** As changes of users leave them, for each of the targets. */
async function queue(db: pg.Client, events: number, targets: readonly string[]): Promise<void> {
  const user = testUser({ proxies: { vless: { id: '5f3c6f1e-0d4b-4b53-9a53-0c8a1d5b7e11', flow: '' } } });
  await db.query(
    `WITH told AS (
       INSERT INTO notification (id, at, action, user_id, username, by, "user")
       SELECT gen_random_uuid(), now(), 'user_updated', n % $2, 'user_' || n % $2, $3, $4 FROM generate_series(1, $1::int) n
       RETURNING id, username
     )
     INSERT INTO notification_delivery (notification_id, target, username, send_at)
     SELECT id, target, username, now() FROM told, unnest($5::text[]) target`,
    [
      events,
      USERS,
      JSON.stringify({
        username: 'root',
        is_sudo: true,
        telegram_id: null,
        discord_webhook: null,
        users_usage: '0',
      }),
      JSON.stringify(snapshotOf(user)),
      targets,
    ],
  );
  await db.query('NOTIFY notices');
}
