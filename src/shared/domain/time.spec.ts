import { describe, expect, it } from 'vitest';
import { toWireTime } from './time.js';

describe('an instant on the wire', () => {
  it.each([
    ['2026-11-23T15:08:35.239Z', '2026-11-23T15:08:35.239000'],
    ['2026-11-23T15:08:35.000Z', '2026-11-23T15:08:35'],
    ['2026-11-23T15:08:35.005Z', '2026-11-23T15:08:35.005000'],
  ])('%s is written %s', (at, wire) => {
    expect(toWireTime(new Date(at))).toBe(wire);
  });
});
