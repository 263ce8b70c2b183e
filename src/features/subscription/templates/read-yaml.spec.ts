import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeYaml } from '../../../client-configs/index.js';
import { readYaml } from './read-yaml.js';

// What PyYAML 6.0 makes of the word.
it.each<[string, unknown]>([
  ['y', 'y'],
  ['N', 'N'],
  ['yes', true],
  ['Off', false],
  ['oN', 'oN'],
  ['~', null],
  ['', null],
  ['2024-01-01', '2024-01-01'],
  ['2001-12-14 21:59:43.10', '2001-12-14 21:59:43.10'],
  ['0x1F', 31],
  ['017', 15],
  ['0o17', '0o17'],
  ['089', '089'],
  ['0b101', 5],
  ['1_000', 1000],
  ['+5', 5],
  ['1:30', 90],
  ['1e3', '1e3'],
  ['1.5e3', '1.5e3'],
  ['1.5e+3', 1500],
  ['.5', 0.5],
  ['-.inf', Number.NEGATIVE_INFINITY],
  ['"5"', '5'],
  ['=', '='],
])('%j is %j', (word, value) => {
  expect(readYaml(`a: ${word}`)).toEqual({ a: value });
});

it('integers keep all their digits', () => {
  expect(readYaml('[12345678901234567890, -12345678901234567890, 9007199254740993]')).toEqual([
    12345678901234567890n,
    -12345678901234567890n,
    9007199254740993n,
  ]);
});

it('takes what a mapping refers to, and the last of two equal keys', () => {
  expect(readYaml('x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: 1\nz: 2')).toEqual({
    x: { a: 1, b: 2 },
    y: { a: 1, b: 3 },
    z: 2,
  });
});

it('a text that was written is the same text again', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[-+]?[0-9_.:xobeE+-]{1,8}$/),
    fc.constantFrom(
      'y',
      'yes',
      'on',
      'null',
      '~',
      '=',
      '<<',
      '0x1',
      '1_0',
      '012',
      '1:30',
      '.5',
      '1e3',
      '-.inf',
      '.NaN',
      '',
    ),
  );
  fc.assert(
    fc.property(text, (value) => {
      expect(readYaml(writeYaml({ a: value, b: [value] }))).toEqual({ a: value, b: [value] });
    }),
    { numRuns: 500 },
  );
});
