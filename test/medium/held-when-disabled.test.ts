import type { QueryRunner } from 'typeorm';
import { expect, it } from 'vitest';
import { HeldWhenDisabled1764288000000 } from '../../migrations/1764288000000-held-when-disabled.js';
import { startFleet } from '../support/user-fleet.js';

it('the migration finds the disabled users that were on hold', async () => {
  const fleet = await startFleet();
  try {
    const migration = new HeldWhenDisabled1764288000000();
    const runner = { query: (text: string) => fleet.sql(text) } as QueryRunner;
    await migration.down(runner);
    await fleet.sql(`
      INSERT INTO users (username, status, status_before_disable, hold_seconds, expire_at, proxies)
      VALUES ('held', 'disabled', NULL, 60, NULL, '{}'),
             ('held_together', 'disabled', 'on_hold', 60, NULL, '{}'),
             ('active_together', 'disabled', 'active', 60, NULL, '{}'),
             ('paid', 'disabled', NULL, 60, now(), '{}'),
             ('endless', 'disabled', NULL, NULL, NULL, '{}'),
             ('on_hold', 'on_hold', NULL, 60, NULL, '{}'),
             ('active', 'active', NULL, 60, NULL, '{}')`);
    await migration.up(runner);
    const held = await fleet.sql('SELECT username FROM users WHERE held_when_disabled ORDER BY id');
    expect(held.map(({ username }) => username)).toEqual(['held', 'held_together']);
  } finally {
    await fleet.close();
  }
});
