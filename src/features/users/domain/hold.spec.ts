import { describe, expect, it } from 'vitest';
import { expiryOfStart, holdEnds } from './hold.js';
import { LATEST_EXPIRE } from './user.js';

const now = new Date('2026-03-01T12:00:00.500Z');
const before = new Date(now.getTime() - 1);
const after = new Date(now.getTime() + 1);

describe('a user on hold', () => {
  const held = { onlineAt: null, holdUntil: null, createdAt: before, editedAt: null };
  it.each([
    ['waits for a connection', held, false],
    ['starts once it was online', { ...held, onlineAt: before }, true],
    [
      'does not count a connection from before its last edit',
      { ...held, onlineAt: before, editedAt: now },
      false,
    ],
    ['starts when it has waited long enough', { ...held, holdUntil: now }, true],
    ['does not start a moment earlier', { ...held, holdUntil: after }, false],
  ])('%s', (_, user, expected) => {
    expect(holdEnds(user, now)).toBe(expected);
  });
});

describe('the expiry of a user that starts', () => {
  it.each([
    ['counts from the whole second', 60, null, new Date('2026-03-01T12:01:00Z')],
    ['is never without a duration', null, null, null],
    ['stays within the years of four digits', LATEST_EXPIRE, null, new Date('9999-12-31T23:59:59Z')],
    ['is the one that it has already', 60, after, after],
  ])('%s', (_, holdSeconds, expireAt, expected) => {
    expect(expiryOfStart({ holdSeconds, expireAt }, now)).toEqual(expected);
  });
});
