import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from './private-address.js';

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '10.0.0.0',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.0.1',
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    '::ffff:10.1.2.3',
  ])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each([
    '126.255.255.255',
    '128.0.0.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '0.0.0.0',
    '100.64.0.1',
    '8.8.8.8',
    '::',
    '::2',
    'fbff::1',
    'fec0::1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
    'localhost',
    '10.0.0.1.example',
    '',
  ])('%j is not', (address) => expect(isPrivateAddress(address)).toBe(false));
});
