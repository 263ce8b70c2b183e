import { expect, it } from 'vitest';
import { entityTag } from './entity-tag.js';

it('the tag of an answer is weak, and the same for the same values only', () => {
  const tag = entityTag('1', { type: 'v2ray' }, [new Date(0), null]);
  expect(tag).toMatch(/^W\/"[\w-]{22}"$/);
  expect(entityTag('1', { type: 'v2ray' }, [new Date(0), null])).toBe(tag);
  expect(entityTag('1', { type: 'v2ray' }, [new Date(1), null])).not.toBe(tag);
  expect(entityTag('1', { type: 'clash' }, [new Date(0), null])).not.toBe(tag);
  expect(entityTag('a', 'b')).not.toBe(entityTag('ab', ''));
});
