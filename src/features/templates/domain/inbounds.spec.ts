import { describe, expect, it } from 'vitest';
import type { Protocol, TagsByProtocol } from '../../../xray/config/types.js';
import { findUnknownTag, tagsByProtocol, tagsIn } from './inbounds.js';

const inbounds: { tag: string; protocol: Protocol }[] = [
  { tag: 'V1', protocol: 'vless' },
  { tag: 'T', protocol: 'trojan' },
  { tag: 'V2', protocol: 'vless' },
];
const byTag = new Map(inbounds.map((inbound) => [inbound.tag, inbound]));

describe('the inbounds of a template', () => {
  it.each<[string, TagsByProtocol, string | undefined]>([
    ['nothing', {}, undefined],
    ['a protocol without tags', { vmess: [] }, undefined],
    ['tags under their protocols', { trojan: ['T'], vless: ['V2', 'V1'] }, undefined],
    ['a tag the config does not have', { vless: ['V1', 'V3'] }, 'V3'],
    ['a tag of another protocol', { vless: ['T'] }, 'T'],
    ['a name every object knows', { vless: ['constructor'] }, 'constructor'],
  ])('are known or not: %s', (_, choice, unknown) => {
    expect(findUnknownTag(choice, byTag)).toBe(unknown);
  });

  it('are kept once each', () => {
    expect(tagsIn({ vless: ['V2', 'V1', 'V2'], trojan: ['T'] })).toEqual(['V2', 'V1', 'T']);
  });

  it.each<[string, string[], [string, string[]][]]>([
    ['none', [], []],
    [
      'in the order of the config',
      ['V2', 'T', 'V1'],
      [
        ['vless', ['V1', 'V2']],
        ['trojan', ['T']],
      ],
    ],
    ['without those the config lost', ['gone', 'T'], [['trojan', ['T']]]],
  ])('are shown by protocol: %s', (_, tags, shown) => {
    expect(Object.entries(tagsByProtocol(tags, inbounds))).toEqual(shown);
  });
});
