import { describe, expect, it } from 'vitest';
import { networkOf, regionOf } from './network.js';

describe('the network of an address', () => {
  it.each<[string, string, string | undefined]>([
    // address, of the customer, of those it may get next
    ['192.0.2.1', '192.0.2.1', '192.0.2.0/24'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.0/24'],
    ['192.0.2.1:50123', '192.0.2.1', '192.0.2.0/24'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64', '2001:db8:0::/48'],
    ['2001:0DB8:0000:0001::5', '2001:db8:0:1::/64', '2001:db8:0::/48'],
    ['2001:db8::1:0:0:0:99', '2001:db8:0:1::/64', '2001:db8:0::/48'],
    ['[2001:db8::1:0:0:0:99]:443', '2001:db8:0:1::/64', '2001:db8:0::/48'],
    ['2001:db8::', '2001:db8:0:0::/64', '2001:db8:0::/48'],
    ['::1', '0:0:0:0::/64', '0:0:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
    ['', 'nowhere', undefined],
    ['unknown', 'nowhere', undefined],
    ['x'.repeat(10_000), 'nowhere', undefined],
  ])('%s is %s, in %s', (address, network, region) => {
    expect([networkOf(address), regionOf(address)]).toEqual([network, region]);
  });
});
