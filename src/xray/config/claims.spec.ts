import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Claim, claimTag, readMarkers } from './claims.js';
import { configMark, markerTag } from './hash.js';

const HASH = '0123456789abcdef'.repeat(4);
const claim = (facts: Partial<Claim> = {}): Claim => ({
  order: 1,
  panel: 'c0ffee00',
  nodeId: 5,
  nonce: 'ab12',
  ...facts,
});

describe('what the outbounds of a core tell', () => {
  it.each([
    ['nothing where there is no marker', ['DIRECT', 'claim_1_c0ffee00_5_ab'], {}],
    [
      'of a core that was started with its marker, config and process',
      ['DIRECT', markerTag(HASH, 'ff')],
      { config: configMark(HASH), process: markerTag(HASH, 'ff') },
    ],
    [
      'of a file without a nonce, the config',
      [markerTag(HASH)],
      { config: configMark(HASH), process: markerTag(HASH) },
    ],
    [
      'of one that was claimed, whose it is',
      [claimTag(claim()), markerTag(HASH)],
      { config: configMark(HASH), process: claimTag(claim()), claim: claim() },
    ],
    [
      'of one with an unknown config, no config',
      [claimTag(claim())],
      { config: undefined, process: claimTag(claim()), claim: claim() },
    ],
    [
      'of several claims the one made last',
      [claimTag(claim({ order: 10, panel: '00000000' })), claimTag(claim({ order: 9 }))],
      {
        process: claimTag(claim({ order: 10, panel: '00000000' })),
        claim: claim({ order: 10, panel: '00000000' }),
      },
    ],
  ])('is %s', (_, tags, expected) => {
    expect(readMarkers(tags)).toEqual({
      process: undefined,
      config: undefined,
      claim: undefined,
      ...expected,
    });
  });

  it('is the same for everybody who asks, in whatever order they are told', () => {
    const hex = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
        .map((digits) => digits.join(''));
    const claims = fc.array(
      fc.record({ order: fc.nat({ max: 3 }), panel: hex(8), nodeId: fc.nat({ max: 9 }), nonce: hex(4) }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(claims, (all) => {
        const tags = all.map(claimTag);
        const top = readMarkers(tags).claim!;
        expect(readMarkers(tags.toReversed()).claim).toEqual(top);
        expect(top.order).toBe(Math.max(...all.map(({ order }) => order)));
        // Who comes next is above all that are there.
        const next = { ...claim(), order: top.order + 1 };
        expect(readMarkers([...tags, claimTag(next)]).claim).toEqual(next);
      }),
    );
  });
});
