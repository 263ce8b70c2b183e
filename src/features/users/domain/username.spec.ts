import { expect, it } from 'vitest';
import { isUsername } from './username.js';

it.each([
  'abc',
  'ABCD',
  'ab_',
  '_ab',
  'ab__cd',
  'user@x',
  'abc-',
  'abc.',
  'abc@d.com',
  'a'.repeat(32),
  `abc@${'d'.repeat(124)}`,
])('%s is a name', (name) => expect(isUsername(name)).toBe(true));

it.each([
  '',
  'ab',
  'a'.repeat(33),
  'a-b',
  'a.b.c',
  '-abc',
  '..a..',
  '@@@',
  'ab@',
  'a b',
  'abc/d',
  'äbcd',
  'abcä',
  'abc\n',
  `abc@${'d'.repeat(125)}`,
])('%j is none', (name) => expect(isUsername(name)).toBe(false));

it('comes to an end with names that look good for long', () => {
  expect(isUsername(`abc-${'_a'.repeat(500_000)}!`)).toBe(false); // a pattern that tries again would not
});
