import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { writeYaml } from './write-yaml.js';

const ANY = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(...'\u2028\u2029\u0085\u007f\ufeff\uffff\ufffe\n\r\t\0 "\'\\-:#', '\u{1f600}'),
  }),
);

it('any text is the same after writing and reading, and all that is written is printable', () => {
  fc.assert(
    fc.property(ANY, fc.array(ANY), fc.boolean(), (key, texts, sorted) => {
      const value = { [`k${key}`]: texts, inner: { a: texts } };
      const written = writeYaml(value, { sorted });
      expect(parse(written)).toEqual(value);
      // YAML 1.2, production 1, without the characters that some parsers take for ends of lines.
      expect(written).toMatch(
        /^[\t\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u,
      );
    }),
    { numRuns: 2000 },
  );
});

it('half a character is replaced, since no YAML can hold it', () => {
  expect(parse(writeYaml(['a\ud800', '\udc00b', '😀']))).toEqual(['a\ufffd', '\ufffdb', '😀']);
});

it('what needs no escape has none', () => {
  expect(writeYaml({ name: '🚀 سلام — ok' })).toBe('name: 🚀 سلام — ok\n');
});
