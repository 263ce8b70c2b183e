import { expect, it } from 'vitest';
import { RandomDice } from './dice.js';

it('draws every index and nothing else', () => {
  const dice = new RandomDice();
  const drawn = new Set(Array.from({ length: 5_000 }, () => dice.pick(3)));
  expect([...drawn].sort()).toEqual([0, 1, 2]);
});

it('never draws a salt twice, also across refills', () => {
  const dice = new RandomDice();
  const salts = Array.from({ length: 5_000 }, () => dice.salt());
  expect(new Set(salts).size).toBe(salts.length);
  expect(salts.every((salt) => /^[\da-f]{16}$/.test(salt))).toBe(true);
});
