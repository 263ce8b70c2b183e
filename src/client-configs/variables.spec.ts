import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newSubscriber, surroundings } from '../../test/support/client-configs.js';
import { isoDay, jalaliDay, readableDuration } from './dates.js';
import { readableSize } from './size.js';
import type { SubscriberStatus } from './types.js';
import { isUserVariable, USER_VARIABLES } from './variables.js';

interface Recorded {
  users: {
    name: string;
    now: string;
    user: {
      username: string;
      status: SubscriberStatus;
      used_traffic: number;
      data_limit: number | null;
      expire: number | null;
      on_hold_expire_duration: number | null;
    };
    variables: Record<string, string>;
  }[];
  sizes: { bytes: number; text: string }[];
  durations: { seconds: number | null; text: string }[];
}

const golden = new URL('../../test/golden/subscription/variables.json', import.meta.url);
const recorded = JSON.parse(readFileSync(golden, 'utf8')) as Recorded;

describe('variables equal those of Marzban', () => {
  it.each(recorded.users.map((row) => [row.name, row] as const))('%s', (_, { now, user, variables }) => {
    const subscriber = newSubscriber({
      username: user.username,
      status: user.status,
      usedTraffic: BigInt(user.used_traffic),
      dataLimit: user.data_limit === null ? null : BigInt(user.data_limit),
      expireAt: user.expire === null ? null : new Date(user.expire * 1000),
      holdSeconds: user.on_hold_expire_duration,
    });
    const source = { user: subscriber, now: new Date(now), surroundings };
    for (const [name, value] of Object.entries(variables)) {
      if (isUserVariable(name)) expect([name, USER_VARIABLES[name](source)]).toEqual([name, value]);
    }
  });

  it.each(recorded.sizes)('$bytes bytes are $text', ({ bytes, text }) => {
    expect(readableSize(BigInt(bytes))).toBe(text);
  });

  it.each(recorded.durations)('$seconds seconds are $text', ({ seconds, text }) => {
    expect(readableDuration(seconds ?? 0)).toBe(text);
  });
});

it('a user with a fraction of a second left is not one without end', () => {
  const source = {
    user: newSubscriber({ expireAt: new Date('2026-01-15T12:00:00.700Z') }),
    now: new Date('2026-01-15T12:00:00.500Z'),
    surroundings,
  };
  expect(USER_VARIABLES.TIME_LEFT(source)).toBe('1s');
});

it.each([
  ['2017-03-20', '1395-12-30'],
  ['2017-03-21', '1396-01-01'],
  ['2021-03-20', '1399-12-30'],
  ['2021-03-21', '1400-01-01'],
  ['2029-03-20', '1408-01-01'],
])('%s is the Persian day %s', (day, persian) => {
  const at = new Date(`${day}T23:59:59.999Z`);
  expect([isoDay(at), jalaliDay(at)]).toEqual([day, persian]);
});
