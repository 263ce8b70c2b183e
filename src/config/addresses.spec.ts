import { expect, it } from 'vitest';
import { isGlobal } from './addresses.js';

it.each([
  ['192.0.2.1', false],
  ['8.8.8.8', true],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['169.254.169.254', false],
  ['172.31.0.1', false],
  ['192.168.1.1', false],
  ['0.0.0.0', false],
  ['::1', false],
  ['::', false],
  ['::ffff:10.0.0.1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['2002:a00:1::1', false],
  ['2001::1', false],
  ['2001:db8::1', false],
  ['2606:4700::1111', true],
  ['64:ff9b::808:808', true],
])('%s is reachable from everywhere: %s', (address, expected) => {
  expect(isGlobal(address)).toBe(expected);
});
