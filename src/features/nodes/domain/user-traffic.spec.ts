import { describe, expect, it } from 'vitest';
import { movedSince, trafficByUser, userIdOf } from './user-traffic.js';

describe('the user of an account', () => {
  it.each<[string, number | undefined]>([
    ['7.bob', 7],
    ['7.Al.ice', 7],
    ['2147483647.x', 2147483647],
    ['2147483648.x', undefined],
    ['7', undefined],
    ['bob.7', undefined],
    ['-7.bob', undefined],
    ['', undefined],
    ['ops@example', undefined],
  ])('%j is %s', (email, id) => {
    expect(userIdOf(email)).toBe(id);
  });
});

describe('traffic by user', () => {
  it('adds up the names of one user and leaves out whatever is nobody', () => {
    const traffic = trafficByUser(
      new Map([
        ['7.old', { up: 1n, down: 2n }],
        ['7.new', { up: 10n, down: 20n }],
        ['8.x', { up: -1n, down: 0n }],
        ['placeholder@panel', { up: 5n, down: 5n }],
      ]),
    );
    expect(traffic).toEqual(new Map([[7, { up: 11n, down: 22n }]]));
  });

  it('counts as moved what is new or other than charged, also when it is less', () => {
    const charged = new Map([
      [1, { up: 5n, down: 5n }],
      [2, { up: 5n, down: 5n }],
      [3, { up: 5n, down: 5n }],
    ]);
    const current = new Map([
      [1, { up: 5n, down: 5n }],
      [2, { up: 5n, down: 6n }],
      [3, { up: 0n, down: 0n }],
      [4, { up: 0n, down: 0n }],
      [5, { up: 0n, down: 1n }],
    ]);
    expect([...movedSince(charged, current).keys()]).toEqual([2, 3, 5]);
  });
});
