import { describe, expect, it } from 'vitest';
import { RecentTraffic } from './recent-traffic.js';

describe('what a core did lately', () => {
  it('is unknown before the first look', () => {
    expect(new RecentTraffic().sighting(5)).toEqual({ polledSecondsAgo: null, traffic: null });
  });

  it('does not count what moved before the first look, by anybody at any time', () => {
    const recent = new RecentTraffic();
    recent.noteUsers([1, 2, 3], 0);
    expect(recent.sighting(4_000)).toEqual({ polledSecondsAgo: 4, traffic: { users: 0, up: 0n, down: 0n } });
  });

  it('counts each user with traffic within a minute once', () => {
    const recent = new RecentTraffic();
    recent.noteUsers([], 0);
    recent.noteUsers([1, 2], 10_000);
    recent.noteUsers([2, 3], 50_000);
    expect(recent.sighting(50_000).traffic?.users).toBe(3);
    expect(recent.sighting(69_999).traffic?.users).toBe(3);
    expect(recent.sighting(70_000).traffic?.users).toBe(2);
    expect(recent.sighting(110_000).traffic?.users).toBe(0);
  });

  it('has the speed between the last two looks, which falls to nothing', () => {
    const recent = new RecentTraffic();
    recent.noteUsers([], 0);
    recent.noteOutbounds([{ up: 1_000n, down: 5_000n }], 0);
    expect(recent.sighting(0).traffic).toMatchObject({ up: 0n, down: 0n });
    recent.noteOutbounds(
      [
        { up: 1_500n, down: 5_000n },
        { up: 500n, down: 9_000n },
      ],
      10_000,
    );
    expect(recent.sighting(10_000).traffic).toMatchObject({ up: 100n, down: 900n });
    recent.noteOutbounds([{ up: 2_000n, down: 14_000n }], 20_000);
    expect(recent.sighting(20_000).traffic).toMatchObject({ up: 0n, down: 0n });
  });
});
