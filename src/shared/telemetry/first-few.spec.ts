import { expect, it } from 'vitest';
import { firstFew } from './first-few.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));

it.each([
  [0, /^$/],
  [2, /^1; 2$/],
  [20, /; 19; 20$/],
  [23, /; 19; 20; and 3 more$/],
])('of %i texts a line names twenty at most', (count, expected) => {
  expect(firstFew(numbers(count))).toMatch(expected);
});
