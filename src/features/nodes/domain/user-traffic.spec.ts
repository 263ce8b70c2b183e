import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counter } from '../../../xray/grpc/index.js';
import { userIdOf, UserTraffic } from './user-traffic.js';

describe('the user of an account', () => {
  it.each<[string, number | undefined]>([
    ['7.bob', 7],
    ['7.Al.ice', 7],
    ['2147483647.x', 2147483647],
    ['2147483648.x', undefined],
    ['7', undefined],
    ['bob.7', undefined],
    ['0.bob', undefined],
    ['-7.bob', undefined],
    ['', undefined],
    ['ops@example', undefined],
  ])('%j is %s', (email, id) => {
    expect(userIdOf(email)).toBe(id);
  });

  it('is the same for a counter of his', () => {
    const emails = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9]{0,12}[.]?[a-z0-9.>]{0,8}$/),
      fc.integer({ min: -2, max: 2 ** 32 }).map((id) => `${id}.bob`),
    );
    fc.assert(
      fc.property(emails, (email) => {
        const traffic = new UserTraffic();
        traffic.add(new Counter('up', 1n, Buffer.from(email)));
        const id = email.includes('>>>') ? undefined : userIdOf(email);
        expect([...traffic.all().keys()]).toEqual(id === undefined ? [] : [id]);
      }),
      {
        examples: [
          ['1234567890.x'],
          ['2147483647.x'],
          ['2147483648.x'],
          ['7.x>>>y'],
          ['00000000007.x'],
          ['7'],
        ],
      },
    );
  });
});

it('is added up exactly, whether a number holds a value or not', () => {
  const values = fc.array(fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }), { maxLength: 8 });
  fc.assert(
    fc.property(values, fc.nat({ max: 40 }), (bytes, strangers) => {
      const like = new UserTraffic();
      for (let id = 1; id <= strangers; id++) like.add(new Counter('up', 1, Buffer.from(`${id}.x`)));
      const [numbers, longs] = [new UserTraffic(like), new UserTraffic()];
      for (const value of bytes) {
        numbers.add(new Counter('down', Number(value), Buffer.from('7.bob')));
        longs.add(new Counter('down', value, Buffer.from('7.bob')));
      }
      expect(numbers.all()).toEqual(longs.all());
    }),
    { examples: [[[2n ** 31n, 2n ** 31n - 1n, 2n ** 32n - 1n, 1n, 2n ** 53n - 1n], 0]] },
  );
});

function trafficOf(counters: Record<string, [up: bigint, down: bigint]>): UserTraffic {
  const traffic = new UserTraffic();
  for (const [name, [up, down]] of Object.entries(counters)) {
    traffic.add(new Counter('up', up, Buffer.from(name)));
    traffic.add(new Counter('down', down, Buffer.from(name)));
  }
  return traffic;
}

const moved = (current: UserTraffic, charged: UserTraffic) =>
  new Map([...current.movedSince(charged)].flatMap((part) => [...part]));

describe('traffic by user', () => {
  it('adds up the names of one user and leaves out whatever is nobody', () => {
    const traffic = trafficOf({
      '7.old': [1n, 2n],
      '7.new': [10n, 20n],
      '8.x': [-1n, 0n],
      '9.x>>>y': [1n, 1n],
      'placeholder@panel': [5n, 5n],
    });
    expect(moved(traffic, new UserTraffic())).toEqual(new Map([[7, { up: 11n, down: 22n }]]));
    expect(traffic.get(7)).toEqual({ up: 11n, down: 22n });
    expect(traffic.get(9)).toBeUndefined();
  });

  it('counts as moved what is new or other than charged, also when it is less', () => {
    const charged = trafficOf({ '1.a': [5n, 5n], '2.b': [5n, 5n], '3.c': [5n, 5n] });
    const current = trafficOf({
      '1.a': [5n, 5n],
      '2.b': [5n, 6n],
      '3.c': [0n, 0n],
      '4.d': [0n, 0n],
      '5.e': [0n, 1n],
    });
    expect([...moved(current, charged).keys()].toSorted()).toEqual([2, 3, 5]);
  });

  it('knows every bit of any number of counters', () => {
    const counter = fc.tuple(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.bigInt({ min: 0n, max: 2n ** 62n }),
      fc.bigInt({ min: 0n, max: 2n ** 62n }),
    );
    const counters = fc.uniqueArray(counter, { selector: ([id]) => id, maxLength: 200 });
    fc.assert(
      fc.property(counters, fc.nat(), (list, which) => {
        const named = Object.fromEntries(
          list.map(([id, up, down]) => [`${id}.x`, [up, down] as [bigint, bigint]]),
        );
        const all = new Map(list.map(([id, up, down]) => [id, { up, down }]));
        const current = trafficOf(named);
        for (const [id, traffic] of all) expect(current.get(id)).toEqual(traffic);
        expect(moved(current, current)).toEqual(new Map());
        const [name] = Object.keys(named).slice(which % (list.length || 1));
        if (name === undefined) return;
        const more = trafficOf({ ...named, [name]: [named[name]![0] + 1n, named[name]![1]] });
        expect([...moved(more, current).keys()]).toEqual([Number.parseInt(name)]);
      }),
    );
  });
});
