import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { Handover } from '../../../src/shared/scheduling/handover.js';
import { webhookTarget } from '../../../src/shared/activity/targets.js';
import { startApp } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { note, tellsShops } from '../../support/notices.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';
import { WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 60_000 });

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

type Behaviour = WebhookTarget['behaviour'];

async function shop(behaviour?: Behaviour): Promise<WebhookTarget> {
  const target = await WebhookTarget.start(behaviour);
  open.push(target);
  return target;
}

type Settings = Partial<Config['notifications']>;

async function service(targets: (WebhookTarget | string)[], settings: Settings = {}): Promise<Fleet> {
  const addresses = targets.map((target) => (typeof target === 'string' ? target : target.address));
  const fleet = await startFleet(tellsShops(addresses, settings));
  open.push(fleet);
  return fleet;
}

/** What became of the deliveries to one shop. */
async function ledger(fleet: Fleet, target: WebhookTarget | string): Promise<string[]> {
  const address = typeof target === 'string' ? target : target.address;
  const rows = await fleet.sql<{ line: string }>(
    `SELECT concat_ws(' ', d.username, n.action, d.state, d.tries, d.last_status) AS line
       FROM notification_delivery d JOIN notification n ON n.id = d.notification_id
      WHERE d.target = $1 ORDER BY d.id`,
    [webhookTarget(address)],
  );
  return rows.map(({ line }) => line);
}

const answer = async (fleet: Fleet, target: WebhookTarget | string): Promise<string | null> => {
  const address = typeof target === 'string' ? target : target.address;
  const rows = await fleet.sql<{ last_answer: string | null }>(
    `SELECT last_answer FROM notification_delivery WHERE target = $1 AND last_answer IS NOT NULL ORDER BY id LIMIT 1`,
    [webhookTarget(address)],
  );
  return rows[0]?.last_answer ?? null;
};

const ended = (fleet: Fleet, target: WebhookTarget | string) =>
  eventually(async () => {
    const lines = await ledger(fleet, target);
    return lines.length > 0 && !lines.some((line) => line.includes('pending')) && lines;
  }, 45_000);

const refuse: Behaviour = (response) => void response.writeHead(500).end('out of order');
const NO_RETRY = { retries: 0 };

describe('what happened', () => {
  it('begins with the service, however seldom it looks by itself', async () => {
    const target = await shop();
    const fleet = await service([target], { sendSeconds: 3600 });
    await note(fleet, [{ action: 'user_created', user: { username: 'ann' } }]);
    expect(await ended(fleet, target)).toEqual(['ann user_created delivered 1 200']);
  });

  it('is told to each shop once, and in order', async () => {
    const shops = [await shop(), await shop()];
    const fleet = await service(shops);
    await note(fleet, [{ action: 'user_created' }, { action: 'user_updated' }]);
    await note(fleet, [{ action: 'user_deleted' }]);
    for (const target of shops) {
      await ended(fleet, target);
      expect(target.log).toEqual(['alice user_created', 'alice user_updated', 'alice user_deleted']);
    }
  });

  it('is told a second time to the shop that failed, and to nobody else', async () => {
    const well = await shop();
    const ill = await shop((response) => {
      if (ill.received.length === 1) refuse(response, ill.received[0]!);
      else response.end();
    });
    const fleet = await service([well, ill], { retrySeconds: 1 });
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, ill)).toEqual(['alice user_created delivered 2 200']);
    expect(await ended(fleet, well)).toEqual(['alice user_created delivered 1 200']);
    expect(well.received).toHaveLength(1);
    const [first, second] = ill.received.map(({ events }) => events[0]);
    expect([first.tries, second.tries]).toEqual([0, 1]);
    expect(second.enqueued_at).toBe(first.enqueued_at);
    expect(second.send_at).toBeGreaterThanOrEqual(first.send_at + 1);
    expect(ill.received[1]!.headers['x-margrave-ids']).toBe(ill.received[0]!.headers['x-margrave-ids']);
  });

  it('is given up after as many attempts as the settings say', async () => {
    const ill = await shop(refuse);
    const fleet = await service([ill], { retrySeconds: 1, retries: 2 });
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, ill)).toEqual(['alice user_created dead 3 500']);
    expect(ill.received.map(({ events }) => events[0].tries)).toEqual([0, 1, 2]);
    expect(await answer(fleet, ill)).toBe('out of order');
  });

  it('is told in the order of each user, though others overtake it', async () => {
    const refused = new Set(['alice user_created']);
    const target = await shop((response, { events }) => {
      const lines = events.map(({ username, action }) => `${username} ${action}`);
      const isRefused = lines.some((line) => refused.delete(line));
      if (isRefused) response.writeHead(500).end();
      else response.end();
    });
    const fleet = await service([target], { retrySeconds: 2 });
    await note(fleet, [{ action: 'user_created' }]);
    await eventually(() => target.received.length === 1);
    // Somebody else of the same name is alice to the shop, too.
    await note(fleet, [{ action: 'user_deleted' }, { action: 'user_created', user: { id: 2 } }]);
    await note(fleet, [{ action: 'user_created', user: { id: 3, username: 'bob' } }]);
    await ended(fleet, target);
    expect(target.log).toEqual([
      'alice user_created',
      'bob user_created',
      'alice user_created',
      'alice user_deleted',
      'alice user_created',
    ]);
  });

  it('goes to others without delay while one shop hangs', async () => {
    const hanging = await shop(() => undefined);
    const well = await shop();
    const fleet = await service([hanging, well]);
    await note(fleet, [{ action: 'user_created' }]);
    await eventually(() => hanging.received.length === 1);
    for (let n = 2; n <= 6; n++) {
      await note(fleet, [{ action: 'user_updated', user: { id: n, username: `user_${n}` } }]);
      await eventually(() => well.log.includes(`user_${n} user_updated`));
    }
    // All of that while the first request still waits for its answer.
    expect(hanging.received).toHaveLength(1);
    expect((await ledger(fleet, hanging))[0]).toBe('alice user_created pending 0');
    await eventually(async () => (await answer(fleet, hanging)) === 'No answer within 10 s', 20_000);
  });

  it('takes no other with it when a shop can never take it', async () => {
    const target = await shop((response, { body }) => {
      if (body.includes('poison')) response.writeHead(400).end('what is this?');
      else response.end();
    });
    const fleet = await service([target], { retrySeconds: 1, retries: 1 });
    const names = ['alice', 'poison', 'carol', 'dave'];
    await note(
      fleet,
      names.map((username, id) => ({ action: 'user_created', user: { id, username } })),
    );
    expect(await ended(fleet, target)).toEqual([
      'alice user_created delivered 2 200',
      'poison user_created dead 2 400',
      'carol user_created delivered 2 200',
      'dave user_created delivered 2 200',
    ]);
  });

  it('is given up when its target is not configured any more', async () => {
    const well = await shop();
    const fleet = await service([well]);
    await fleet.sql(`WITH n AS (INSERT INTO notification (id, at, action) VALUES (gen_random_uuid(), now(), 'login') RETURNING id)
      INSERT INTO notification_delivery (notification_id, target, send_at)
      SELECT id, target, now() + interval '1 minute' FROM n, unnest('{webhook:gone,pigeon}'::text[]) target`);
    await note(fleet, [{ action: 'user_created' }]);
    await ended(fleet, well);
    const rows = await eventually(async () => {
      const found = await fleet.sql(
        `SELECT state, tries, last_answer FROM notification_delivery WHERE target IN ('webhook:gone', 'pigeon') AND state = 'dead'`,
      );
      // What is not due is not looked at before it is.
      if (found.length < 2)
        await fleet.sql(`UPDATE notification_delivery SET send_at = now() WHERE state = 'pending'`);
      return found.length === 2 && found;
    });
    for (const row of rows) {
      expect(row).toEqual({ state: 'dead', tries: 0, last_answer: 'It is not configured any more' });
    }
  });

  it('that was kept in a way nobody can read does not hold up what follows', async () => {
    const target = await shop();
    const fleet = await service([target]);
    await fleet.sql(
      `WITH n AS (INSERT INTO notification (id, at, action, username, "user")
                  VALUES (gen_random_uuid(), now(), 'user_created', 'alice', '{"usedTraffic":"many"}') RETURNING id)
       INSERT INTO notification_delivery (notification_id, target, username, send_at) SELECT id, $1, 'alice', now() FROM n`,
      [webhookTarget(target.address)],
    );
    await note(fleet, [{ action: 'user_updated' }]);
    expect(await ended(fleet, target)).toEqual([
      'alice user_created dead 0',
      'alice user_updated delivered 1 200',
    ]);
    expect(await answer(fleet, target)).toMatch(/^It cannot be read: /);
  });

  it('waits no longer than until the next attempt when the clock is set back', async () => {
    const target = await shop();
    const fleet = await service([target], { retrySeconds: 1 });
    await note(fleet, [{ action: 'user_created' }], new Date(Date.now() + 3_600_000));
    expect(await ended(fleet, target)).toEqual(['alice user_created delivered 1 200']);
  });
});

describe('a shop that', () => {
  it.each<[string, Behaviour, string | RegExp]>([
    [
      'redirects is not followed',
      (response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
      /^It redirects/,
    ],
    ['closes the connection', (response) => void response.destroy(), 'socket hang up'],
    [
      'breaks off within its headers',
      (response) => void response.socket!.end('HTTP/1.1 200 OK\r\nX-Half'),
      /socket hang up|Parse Error/,
    ],
    [
      'speaks something else',
      (response) => void response.socket!.end('220 mail.example.com ESMTP\r\n'),
      /^Parse Error/,
    ],
  ])('%s', async (_, behaviour, why) => {
    const target = await shop(behaviour);
    const fleet = await service([target], NO_RETRY);
    await note(fleet, [{ action: 'user_created' }]);
    expect((await ended(fleet, target))[0]).toMatch(/^alice user_created dead 1/);
    expect(await answer(fleet, target)).toMatch(why);
    expect(target.received.every(({ path }) => path === '/hook')).toBe(true);
  });

  it('does not listen has that noted', async () => {
    const gone = await WebhookTarget.start();
    const { address } = gone;
    await gone.close();
    const fleet = await service([address], NO_RETRY);
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, address)).toEqual(['alice user_created dead 1']);
    expect(await answer(fleet, address)).toMatch(/ECONNREFUSED/);
  });

  it('answers 200 MB is read no further than a few KB', async () => {
    let sent = 0;
    const target = await shop((response) => {
      const megabyte = Buffer.alloc(1024 * 1024, 'x');
      const more = () => {
        while (sent < 200 && !response.destroyed) {
          sent++;
          if (!response.write(megabyte)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const fleet = await service([target]);
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, target)).toEqual(['alice user_created delivered 1 200']);
    expect((await answer(fleet, target))!.length).toBe(500);
    expect(sent).toBeLessThan(100);
  });

  it('never ends its answer has taken the notification all the same', async () => {
    const target = await shop((response) => void response.write('begun'));
    const fleet = await service([target]);
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, target)).toEqual(['alice user_created delivered 1 200']);
    expect(await answer(fleet, target)).toBe('begun');
  });

  it('breaks off in the middle of its answer has taken it as well', async () => {
    const target = await shop((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => response.destroy());
    });
    const fleet = await service([target]);
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, target)).toEqual(['alice user_created delivered 1 200']);
  });

  it('has a name that leads to a private address is not sent to, unless that is allowed', async () => {
    const target = await shop();
    const named = (host: string) => `http://${host}:${target.port}/hook`;
    const { hostname } = await import('node:os').then((os) => ({ hostname: os.hostname() }));
    // `localhost` says itself where it leads.
    const [refused, allowed] = [named(hostname), named('localhost')];
    const fleet = await service([refused, allowed], NO_RETRY);
    await note(fleet, [{ action: 'user_created' }]);
    expect(await ended(fleet, refused)).toEqual(['alice user_created dead 1']);
    expect(await answer(fleet, refused)).toMatch(/leads to a private address; WEBHOOK_ALLOW_PRIVATE/);
    expect(await ended(fleet, allowed)).toEqual(['alice user_created delivered 1 200']);
  });
});

describe('a process that is told to stop', () => {
  it('waits for what is on its way, so that its successor repeats nothing', async () => {
    let answer: (() => void) | undefined;
    const target = await shop((response) => {
      if (target.received.length === 1) answer = () => response.end();
      else response.end();
    });
    const first = await service([target]);
    await note(first, [{ action: 'user_created' }]);
    await eventually(() => answer !== undefined);
    const second = await startApp(tellsShops([target.address]), first.connection);
    open.push(second);
    const closing = first.app.get(Handover).begin();
    await note(second, [{ action: 'user_updated' }]);
    answer!();
    await closing;
    await eventually(() => target.log.includes('alice user_updated'), 30_000);
    expect(target.log).toEqual(['alice user_created', 'alice user_updated']);
  });
});
