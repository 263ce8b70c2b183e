import fc from 'fast-check';
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

  it('is any instant, one after the other', () => {
    const instants = fc.array(fc.date({ noInvalidDate: true }));
    fc.assert(
      fc.property(instants, (all) => {
        for (const at of all) {
          const iso = at.toISOString();
          const whole = iso.replace(/\.000Z$/, '').replace('Z', '000');
          expect(toWireTime(at)).toBe(whole);
        }
      }),
    );
  });

  it('is none for what is no instant', () => {
    expect(() => toWireTime(new Date(NaN))).toThrow(RangeError);
  });
});
