import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../domain/errors.js';
import { parseJson, writeJson } from './json.js';

describe('JSON of a request', () => {
  it('keeps integers that a number cannot hold', () => {
    expect(
      parseJson('{"a":9007199254740993,"b":[-9223372036854775808],"c":1.5,"d":1e400,"e":"1234567890123456"}'),
    ).toEqual({
      a: 9_007_199_254_740_993n,
      b: [-9_223_372_036_854_775_808n],
      c: 1.5,
      d: Number.POSITIVE_INFINITY,
      e: '1234567890123456',
    });
  });

  it('takes the last of equal keys, with large numbers too', () => {
    expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(parseJson('{"a":1,"a":1234567890123456789}')).toEqual({ a: 1_234_567_890_123_456_789n });
  });

  it('does not read numbers of absurd length', () => {
    expect(parseJson('9'.repeat(100_000))).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['{', 1],
    ['x', 0],
    [' ', 1],
    ['{"a" 1}', 5],
    ['{"username":"z"} x', 17],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['[01]', 2],
    ['[1}', 2],
    ['["a\nb"]', 3],
    ['["a\\x"]', 3],
    ['["abc', 1],
    ['{"a":nul}', 5],
    ['{"a":NaN}', 5],
    ['{a:1}', 1],
    ['', 0],
  ])('%j is broken at %d', (text, offset) => {
    expect(() => parseJson(text)).toThrow(InvalidInput);
    try {
      parseJson(text);
    } catch (error) {
      expect((error as InvalidInput).issues).toEqual([
        { loc: ['body', offset], msg: 'JSON decode error', type: 'json_invalid' },
      ]);
    }
  });

  it.each([
    ['nested too deeply', '['.repeat(100_000) + ']'.repeat(100_000)],
    [
      'with large numbers, nested too deeply',
      '['.repeat(100_000) + '1234567890123456789' + ']'.repeat(100_000),
    ],
    ['nested too deeply and broken', '{"a":'.repeat(100_000)],
  ])('%s is refused, not a crash', (_, text) => {
    expect(() => parseJson(text)).toThrow();
    expect(() => parseJson(text)).not.toThrow(RangeError);
  });

  it('is refused exactly where JSON.parse refuses it', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '""',
      '"',
      '\\',
      '1',
      '-0.5e+3',
      '01',
      'true',
      'nul',
      ' ',
      '\n',
      '\u0001',
    ];
    const spoiled = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ...pieces)).map(([json, at, piece]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + piece + json.slice(place + 1);
    });
    const texts = fc.oneof(
      spoiled,
      fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(outcome(parseJson, text)).toBe(outcome(JSON.parse, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('may hold many brackets in text', () => {
    expect(parseJson(JSON.stringify({ a: '['.repeat(10_000) }))).toEqual({ a: '['.repeat(10_000) });
  });
});

function outcome(parse: (text: string) => unknown, text: string): string {
  try {
    parse(text);
    return 'read';
  } catch {
    return 'refused';
  }
}

describe('JSON of a response', () => {
  it('has every integer digit for digit', () => {
    expect(writeJson({ a: 9_223_372_036_854_775_807n, b: 5n, c: [9_007_199_254_740_993n], d: null })).toBe(
      '{"a":9223372036854775807,"b":5,"c":[9007199254740993],"d":null}',
    );
    expect(writeJson(undefined)).toBe('null');
    expect(writeJson(0n)).toBe('0');
  });

  it('leaves bigint unknown to JSON.stringify elsewhere', () => {
    expect(() => JSON.stringify({ a: 1n })).toThrow(TypeError);
    expect(() =>
      writeJson({
        toJSON: () => {
          throw new Error('x');
        },
      }),
    ).toThrow('x');
    expect(() => JSON.stringify(1n)).toThrow(TypeError);
  });

  it('comes back as it was', () => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
        fc.integer(),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('value'),
        ),
      ),
    })).value;
    fc.assert(
      fc.property(values, (value) => {
        expect(parseJson(writeJson(value))).toEqual(value);
      }),
    );
  });
});
