import { expect, it } from 'vitest';
import { parseSort } from './user-sort.js';

it.each([
  ['username', [{ key: 'username', descending: false }]],
  [
    '-used_traffic,expire',
    [
      { key: 'used_traffic', descending: true },
      { key: 'expire', descending: false },
    ],
  ],
  [',,-created_at,', [{ key: 'created_at', descending: true }]],
  ['data_limit,-data_limit', [{ key: 'data_limit', descending: false }]],
])('reads the order %s', (text, order) => {
  expect(parseSort(text)).toEqual({ order });
});

it.each([
  ['', ''],
  [',', ''],
  ['username,,expire', ''],
  [' username', ' username'],
  ['+username', '+username'],
  ['--username', '--username'],
  ['Username', 'Username'],
  ['expire,id', 'id'],
])('finds in %j what is no key', (text, invalid) => {
  expect(parseSort(text)).toEqual({ invalid });
});
