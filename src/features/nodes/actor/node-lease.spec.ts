import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { LeaseLost } from '../domain/grant.js';
import { NodeLease } from './node-lease.js';

/** A lease that was asked for so many milliseconds ago. */
const leaseSince = (milliseconds: number) =>
  new NodeLease({ nodeId: 1, kind: 'xray_grpc', epoch: 1n }, performance.now() - milliseconds);
const over = (lease: NodeLease) =>
  new Promise<void>((resolve) => lease.signal.addEventListener('abort', () => resolve(), { once: true }));

describe('a lease', () => {
  it('is over shortly before the database would give it to another, and so are all calls', async () => {
    const lease = leaseSince(11_900);
    const ended = over(lease);
    await ended;
    expect(() => lease.assertHeld()).toThrow(LeaseLost);
    const late = leaseSince(12_001);
    expect(() => late.assertHeld()).toThrow(LeaseLost);
  });

  it('lasts from the last renewal that was asked for, not from its answer', async () => {
    const begun = performance.now();
    const lease = leaseSince(11_900);
    lease.renewed(performance.now() - 11_700);
    const ended = over(lease);
    await ended;
    expect(performance.now() - begun).toBeGreaterThanOrEqual(290); // a timer may be a little early
    expect(() => lease.assertHeld()).toThrow(LeaseLost);
  });

  it('that is over stays so, whatever is heard later', () => {
    const lease = leaseSince(0);
    expect(() => lease.assertHeld()).not.toThrow();
    lease.end();
    lease.renewed(performance.now());
    expect(() => lease.assertHeld()).toThrow(LeaseLost);
    expect(lease.signal.aborted).toBe(true);
  });
});
