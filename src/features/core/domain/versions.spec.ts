import { expect, it } from 'vitest';
import { higherVersion } from './versions.js';

it.each([
  ['1.8.24', '24.9.7', '24.9.7'],
  ['25.12.8', '25.9.30', '25.12.8'],
  ['26.3.27', '26.3.27', '26.3.27'],
  ['', '26.3.27', '26.3.27'],
  ['26.3', '26.3.1', '26.3.1'],
])('of %s and %s the higher is %s', (one, other, higher) => {
  expect(higherVersion(one, other)).toBe(higher);
});
