import { expect, it } from 'vitest';
import { newHost, newInbound } from '../../test/support/client-configs.js';
import { showsTime } from './entries.js';
import type { Host } from './types.js';

it.each([
  ['nothing of a user', {}, false],
  ['the day of the end', { remark: '{EXPIRE_DATE}' }, false],
  ['the days left', { remark: 'x {DAYS_LEFT}' }, true],
  ['the days left, padded', { remark: '{DAYS_LEFT:>3}' }, true],
  ['the time left, converted', { remark: '{TIME_LEFT!s}' }, true],
  ['the time left in an address', { address: ['a', '{TIME_LEFT}.example.com'] }, true],
  ['the time left in a path', { path: '/{TIME_LEFT}' }, true],
] as [string, Partial<Host>, boolean][])('hosts that show %s show time: %s', (_, host, expected) => {
  const published = {
    inbounds: [newInbound({ tag: 'A' }), newInbound({ tag: 'B' })],
    hostsByTag: new Map([['B', [newHost(host)]]]),
  };
  expect(showsTime(published)).toBe(expected);
});
