import { describe, expect, it } from 'vitest';
import { loadBetween, type MachineCounters, NO_LOAD, parseNetworkBytes } from './machine-load.js';

const before: MachineCounters = { at: 1000, cpuTotal: 1000, cpuIdle: 500, received: 10_000, sent: 20_000 };

describe('the load between two readings', () => {
  it.each<[string, Partial<MachineCounters>, object]>([
    [
      'is what was added per second',
      { at: 3000, cpuTotal: 2000, cpuIdle: 1250, received: 14_001, sent: 20_000 },
      { cpuPercent: 25, receivedPerSecond: 2001, sentPerSecond: 0 },
    ],
    [
      'is not negative when an interface came back',
      { at: 3000, cpuTotal: 2000, cpuIdle: 1500, received: 5, sent: 6 },
      { cpuPercent: 0, receivedPerSecond: 0, sentPerSecond: 0 },
    ],
    ['is none without time between them', { cpuTotal: 2000 }, NO_LOAD],
    ['is none when no CPU time passed', { at: 3000, received: 99_999 }, NO_LOAD],
    [
      'is never above all CPUs',
      { at: 2000, cpuTotal: 1500, cpuIdle: 400 },
      { cpuPercent: 100, receivedPerSecond: 0, sentPerSecond: 0 },
    ],
  ])('%s', (_, after, load) => {
    expect(loadBetween(before, { ...before, ...after })).toEqual(load);
  });
});

it('the bytes of all interfaces are summed', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:123456789012   2    0    0    0     0          0         0       50       2    0    0    0     0       0          0
`;
  expect(parseNetworkBytes(text)).toEqual({ received: 123_456_789_112, sent: 150 });
});
