import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PROTOCOLS } from '../../../xray/config/types.js';
import { choiceFor, exclusionsOf, findUnknownTag, openInbounds, tagsOfConfig } from './inbounds.js';

const config = tagsOfConfig([
  { tag: 'A', protocol: 'vless' },
  { tag: 'B', protocol: 'vmess' },
  { tag: 'C', protocol: 'vless' },
]);

it('knows the tags of each protocol in the order of the config', () => {
  expect(config).toEqual({ vmess: ['B'], vless: ['A', 'C'], trojan: [], shadowsocks: [] });
});

it.each([
  ['no tag', { vless: [] }, undefined],
  ['known tags', { vless: ['C', 'A', 'A'], vmess: ['B'] }, undefined],
  ['an unknown tag', { vless: ['A', 'X'], vmess: ['Y'] }, 'X'],
  ['a tag of another protocol', { vless: ['B'] }, 'B'],
])('finds in a choice of %s what is no inbound of the protocol', (_, choice, expected) => {
  expect(findUnknownTag(choice, config)).toBe(expected);
});

it('excludes what is not chosen, of the protocols that the choice names', () => {
  expect(exclusionsOf({ vless: ['C'], vmess: ['B'] }, config)).toEqual({ vless: ['A'] });
  expect(exclusionsOf({ vless: [] }, config)).toEqual({ vless: ['A', 'C'] });
  expect(exclusionsOf({}, config)).toEqual({});
});

it('opens every inbound of the protocol that is not excluded, a new one too', () => {
  const later = tagsOfConfig([
    { tag: 'N', protocol: 'vless' },
    { tag: 'A', protocol: 'vless' },
  ]);
  expect(openInbounds(['vless', 'trojan'], { vless: ['A', 'gone'] }, later)).toEqual({
    vless: ['N'],
    trojan: [],
  });
});

it('looks only at the protocols of the user', () => {
  expect(choiceFor(['vless'], { vless: ['A'], vmess: ['X'] })).toEqual({ vless: ['A'] });
});

it('opens exactly what was chosen', () => {
  const tags = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e'));
  const inbounds = tags.chain((all) =>
    fc.tuple(
      ...all.map((tag) => fc.record({ tag: fc.constant(tag), protocol: fc.constantFrom(...PROTOCOLS) })),
    ),
  );
  fc.assert(
    fc.property(inbounds, tags, (listed, chosen) => {
      const known = tagsOfConfig(listed);
      const choice = { vless: known.vless.filter((tag) => chosen.includes(tag)) };
      const open = openInbounds(['vless'], exclusionsOf(choice, known), known);
      expect(open).toEqual(choice);
    }),
  );
});
