import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UserReviews } from '../../src/features/users/index.js';
import { SUDO } from '../support/app.js';
import { stepClock } from '../support/clock.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterEach(() => stepClock(0));
afterAll(() => fleet?.close());

const read = async (name: string) => (await fleet.sudo.get(`/api/user/${name}`)).json;
const review = () => fleet.app.get(UserReviews, { strict: false }).reviewStatuses();
const inTwoMinutes = Math.floor(Date.now() / 1000) + 120;

describe.each([
  ['ahead of', 600_000],
  ['behind', -600_000],
])('a replica whose clock is %s the database', (where, milliseconds) => {
  const name = (of: string) => `${of}_${where.slice(0, 5).trim()}`;
  const create = (username: string, more: object) =>
    fleet.sudo.post('/api/user', { username, proxies: { vless: {} }, ...more });

  it('lets no user expire too early, nor too late', async () => {
    await create(name('soon'), { expire: inTwoMinutes });
    await create(name('due'), { expire: inTwoMinutes - 180 });
    stepClock(milliseconds);
    await review();
    expect([(await read(name('soon'))).status, (await read(name('due'))).status]).toEqual([
      'active',
      'expired',
    ]);
  });

  it('writes down times that mean the same to all others', async () => {
    const asked = Date.now();
    stepClock(milliseconds);
    const { created_at } = (await create(name('new'), {})).json;
    stepClock(0);
    expect(Math.abs(new Date(`${created_at}Z`).getTime() - asked)).toBeLessThan(60_000);
  });

  it('starts held users at the first traffic after they were put on hold', async () => {
    stepClock(milliseconds);
    await create(name('held'), { status: 'on_hold', on_hold_expire_duration: 3600 });
    await review();
    expect((await read(name('held'))).status).toBe('on_hold');
    await fleet.sql(
      `UPDATE user_usage SET online_at = clock_timestamp()
        WHERE user_id = (SELECT id FROM users WHERE username = $1)`,
      [name('held')],
    );
    await review();
    expect((await read(name('held'))).status).toBe('active');
  });

  it('makes nobody who failed to log in wait longer, nor shorter', async () => {
    await fleet.sql('TRUNCATE login_failures, known_logins');
    stepClock(milliseconds);
    const login = async (password: string) =>
      (
        await fetch(`${fleet.url}/api/admin/token`, {
          method: 'POST',
          body: new URLSearchParams({ username: SUDO.username, password }),
        })
      ).status;
    for (let failure = 0; failure < 8; failure++) {
      await fleet.sql(`UPDATE login_failures SET last_at = last_at - interval '1 minute'`);
      expect(await login('wrong')).toBe(401);
    }
    expect(await login(SUDO.password)).toBe(429);
    await fleet.sql(`UPDATE login_failures SET last_at = last_at - interval '1 minute'`);
    expect(await login(SUDO.password)).toBe(200);
  });
});
