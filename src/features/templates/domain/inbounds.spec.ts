import { describe, expect, it } from 'vitest';
import type { Protocol, TagsByProtocol } from '../../../xray/config/types.js';
import { knownTags, tagsByProtocol } from './inbounds.js';

const inbounds: { tag: string; protocol: Protocol }[] = [
  { tag: 'V1', protocol: 'vless' },
  { tag: 'T', protocol: 'trojan' },
  { tag: 'V2', protocol: 'vless' },
];
const byTag = new Map(inbounds.map((inbound) => [inbound.tag, inbound]));

describe('the inbounds of a template', () => {
  it.each<[string, TagsByProtocol, string[]]>([
    ['nothing', {}, []],
    ['a protocol without tags', { vmess: [] }, []],
    ['tags under their protocols', { trojan: ['T'], vless: ['V2', 'V1'] }, ['T', 'V2', 'V1']],
    ['a tag twice', { vless: ['V2', 'V1', 'V2'] }, ['V2', 'V1']],
    ['without a tag the config does not have', { vless: ['V3', 'V1'] }, ['V1']],
    ['a tag under another protocol', { vless: ['T'], trojan: ['T'] }, ['T']],
    ['without a name every object knows', { vless: ['constructor'] }, []],
  ])('are those of the config: %s', (_, choice, tags) => {
    expect(knownTags(choice, byTag)).toEqual(tags);
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
