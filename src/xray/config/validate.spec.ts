import { describe, expect, it } from 'vitest';
import { parseCoreConfig, toStrictJson } from './index.js';

const inbound = { tag: 'in', protocol: 'vmess', port: 1 };
const outbound = { tag: 'out', protocol: 'freedom' };

describe('a core config is refused', () => {
  it.each([
    ['as a list', [], 'config must be an object'],
    ['without inbounds', { outbounds: [outbound] }, "config doesn't have inbounds"],
    [
      'with an empty list of inbounds',
      { inbounds: [], outbounds: [outbound] },
      "config doesn't have inbounds",
    ],
    ['with inbounds before outbounds', {}, "config doesn't have inbounds"],
    ['without outbounds', { inbounds: [inbound] }, "config doesn't have outbounds"],
    [
      'with inbounds by name',
      { inbounds: { in: inbound }, outbounds: [outbound] },
      'inbounds must be a list of objects',
    ],
    [
      'with an inbound of text',
      { inbounds: ['in'], outbounds: [outbound] },
      'inbounds must be a list of objects',
    ],
    [
      'with outbounds of text',
      { inbounds: [inbound], outbounds: 'out' },
      'outbounds must be a list of objects',
    ],
    [
      'without an inbound tag',
      inbounds({ ...inbound, tag: undefined }),
      'all inbounds must have a unique tag',
    ],
    ['with an empty inbound tag', inbounds({ ...inbound, tag: '' }), 'all inbounds must have a unique tag'],
    ['with a number as tag', inbounds({ ...inbound, tag: 5 }), 'all inbounds must have a unique tag'],
    [
      'with a comma in a tag',
      inbounds({ ...inbound, tag: 'a,b' }),
      'character «,» is not allowed in inbound tag',
    ],
    ['with our inbound', inbounds({ ...inbound, tag: 'API_INBOUND' }), 'inbound tag API_INBOUND is reserved'],
    ['with one tag twice', inbounds(inbound, inbound), 'inbound tag in is not unique'],
    ['with a NUL in a tag', inbounds({ ...inbound, tag: 'a\0' }), 'inbound tag "a\\u0000" is not valid text'],
    [
      'with half a character',
      inbounds({ ...inbound, tag: '\ud800' }),
      'inbound tag "\\ud800" is not valid text',
    ],
    [
      'with a long tag',
      inbounds({ ...inbound, tag: 'x'.repeat(257) }),
      /^inbound tag x{20}… is longer than 256/,
    ],
    ['without a protocol', inbounds({ tag: 'in', port: 1 }), "inbound in doesn't have a protocol"],
    ['without an outbound tag', outbounds({ protocol: 'freedom' }), 'all outbounds must have a unique tag'],
    ['with our outbound', outbounds({ ...outbound, tag: 'API' }), 'outbound tag API is reserved'],
    [
      'with our marker',
      outbounds({ ...outbound, tag: 'PANEL_CFG_1' }),
      'outbound tag PANEL_CFG_1 is reserved',
    ],
    ['with one outbound twice', outbounds(outbound, outbound), 'outbound tag out is not unique'],
  ])('%s', (_, config, text) => {
    expect(() => parseCoreConfig(JSON.stringify(config))).toThrow(text);
  });

  it('that is nested without end', () => {
    expect(() => parseCoreConfig('['.repeat(100_000))).toThrow('config is nested too deeply');
  });

  it.each([['{"a" 1}'], ['{'], ['1 2'], ['"a" "b"'], ['[,]'], ['[1,,]'], ['{,}'], ['"a\nb"'], ['']])(
    'that is no JSON: %j',
    (text) => {
      expect(() => parseCoreConfig(text)).toThrow(/^config is not valid JSON/);
    },
  );
});

describe('the JSON of a config', () => {
  it.each([
    ['comments', '{ // one\n "a": 1, # two\n /* three\n */ "b": 2 }', '{"a":1,"b":2}'],
    [
      'what looks like comments in strings',
      '{"a": "# // /* \\" */", "b": "http://x"}',
      '{"a":"# // /* \\" */","b":"http://x"}',
    ],
    ['trailing commas', '[1, {"a": [2,],}, ]', '[1,{"a":[2]}]'],
    ['a trailing comma before a comment', '[1, # last\n]', '[1]'],
    ['the spelling of numbers', '[1.0, 1e3, 18446744073709551615, -0]', '[1.0,1e3,18446744073709551615,-0]'],
    ['the order of keys', '{"b": 1, "2": 2, "1": 3}', '{"b":1,"2":2,"1":3}'],
    ['escapes', '"\\u4f60\\/"', '"\\u4f60\\/"'],
    ['a byte order mark', '\ufeff{}', '{}'],
    ['blanks of other scripts', '[\u00a01,\u2028]', '[1]'],
    ['a comment that nobody closed, which stays', '{} /* {', '{}/* {'],
  ])('may have %s', (_, text, strict) => {
    expect(toStrictJson(text)).toBe(strict);
  });
});

function inbounds(...list: object[]): object {
  return { inbounds: list, outbounds: [outbound] };
}

function outbounds(...list: object[]): object {
  return { inbounds: [inbound], outbounds: list };
}
