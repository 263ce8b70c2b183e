import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  INT64_MAX,
  INT64_MIN,
  Invalid,
  readBool,
  readCutInt,
  readEnum,
  readInt,
  readList,
  readMap,
  readNumber,
  readText,
} from './coercion.js';

/** The value, or the type of the first issue. */
const outcome = (result: unknown) => (result instanceof Invalid ? result.issues[0]?.type : result);
const message = (result: unknown) => (result instanceof Invalid ? result.issues[0]?.msg : undefined);

describe('an integer', () => {
  it.each<[unknown, unknown]>([
    [5, 5n],
    [-5, -5n],
    [1_700_000_000.0, 1_700_000_000n],
    [1e18, 10n ** 18n],
    [9_007_199_254_740_993n, 9_007_199_254_740_993n],
    [true, 1n],
    [false, 0n],
    ['5', 5n],
    [' +01 ', 1n],
    ['-7', -7n],
    ['12.0', 12n],
    ['-12.00', -12n],
    ['1_000', 1000n],
    ['9223372036854775807', INT64_MAX],
    [1.5, 'int_from_float'],
    [Number.NaN, 'finite_number'],
    [Number.POSITIVE_INFINITY, 'finite_number'],
    ['', 'int_parsing'],
    ['x', 'int_parsing'],
    ['1.', 'int_parsing'],
    ['1.5', 'int_parsing'],
    ['1e3', 'int_parsing'],
    ['1__0', 'int_parsing'],
    ['_1', 'int_parsing'],
    ['0x10', 'int_parsing'],
    ['9'.repeat(5000), 'int_parsing_size'],
    [null, 'int_type'],
    [[], 'int_type'],
    [{}, 'int_type'],
    [undefined, 'int_type'],
    [INT64_MAX + 1n, 'less_than_equal'],
    [INT64_MIN - 1n, 'greater_than_equal'],
    ['9223372036854775808', 'less_than_equal'],
    [1e300, 'less_than_equal'],
  ])('%s is %s', (value, expected) => {
    expect(outcome(readInt(value))).toEqual(expected);
  });

  it('has the bounds it is given', () => {
    expect(message(readInt(-1, { min: 0 }))).toBe('Input should be greater than or equal to 0');
    expect(message(readInt(70_000, { max: 65_535 }))).toBe('Input should be less than or equal to 65535');
    expect(readInt(0, { min: 0 })).toBe(0n);
  });

  it('is read from its own text', () => {
    fc.assert(fc.property(fc.bigInt(INT64_MIN, INT64_MAX), (int) => readInt(String(int)) === int));
  });
});

describe('an integer that cuts fractions', () => {
  it.each<[unknown, unknown]>([
    [1.9, 1n],
    [-1.9, -1n],
    [5n, 5n],
    [true, 1n],
    ['5', 'Value error, no text'],
    [[], 'Value error, no text'],
    [Number.NaN, 'Value error, cannot convert float NaN to integer'],
    [Number.POSITIVE_INFINITY, 'Input should be a finite number'],
  ])('%s is %s', (value, expected) => {
    const result = readCutInt(value, 'no text');
    expect(message(result) ?? result).toEqual(expected);
  });
});

describe('a number', () => {
  it.each<[unknown, unknown]>([
    [1, 1],
    [0.5, 0.5],
    ['2.5', 2.5],
    [' 1e3 ', 1000],
    [true, 1],
    [7n, 7],
    ['x', 'float_parsing'],
    ['', 'float_parsing'],
    ['.', 'float_parsing'],
    [null, 'float_type'],
    [[], 'float_type'],
    [Number.POSITIVE_INFINITY, 'finite_number'],
  ])('%s is %s', (value, expected) => {
    expect(outcome(readNumber(value))).toEqual(expected);
  });

  it.each([0, -1, Number.NaN, '0'])('%j is not above 0', (value) => {
    expect(message(readNumber(value, { above: 0 }))).toBe('Input should be greater than 0');
  });
});

describe('a boolean', () => {
  it.each<[unknown, unknown]>([
    [true, true],
    [0, false],
    [1, true],
    [1n, true],
    ['TRUE', true],
    ['t', true],
    ['yes', true],
    ['Y', true],
    ['on', true],
    ['1', true],
    ['false', false],
    ['F', false],
    ['no', false],
    ['n', false],
    ['Off', false],
    ['0', false],
    [' true', 'bool_parsing'],
    ['maybe', 'bool_parsing'],
    ['', 'bool_parsing'],
    [2, 'bool_parsing'],
    [1.5, 'bool_type'],
    [null, 'bool_type'],
    [[], 'bool_type'],
    [{}, 'bool_type'],
  ])('%s is %s', (value, expected) => {
    expect(outcome(readBool(value))).toEqual(expected);
  });
});

describe('text', () => {
  it.each<[unknown, unknown]>([
    ['', ''],
    ['سلام 🚀', 'سلام 🚀'],
    [5, 'string_type'],
    [null, 'string_type'],
    [[], 'string_type'],
    ['a\0b', 'value_error'],
    ['\ud800', 'value_error'],
    ['a\udfffb', 'value_error'],
  ])('%s is %s', (value, expected) => {
    expect(outcome(readText(value))).toEqual(expected);
  });

  it.each([
    ['', { minLength: 1 }, 'String should have at least 1 character'],
    ['a', { minLength: 2 }, 'String should have at least 2 characters'],
    ['🚀', { minLength: 2 }, 'String should have at least 2 characters'],
    ['abc', { maxLength: 2 }, 'String should have at most 2 characters'],
    ['🚀🚀', { maxLength: 2 }, undefined],
    ['🚀🚀🚀', { maxLength: 2 }, 'String should have at most 2 characters'],
    ['x', { pattern: /password/ }, "String should match pattern 'password'"],
    ['xpasswordx', { pattern: /password/ }, undefined],
  ])('%j with %j: %s', (value, limits, expected) => {
    expect(message(readText(value, limits))).toBe(expected);
  });
});

describe('an enumeration', () => {
  it.each<[unknown, string[], string | undefined]>([
    ['active', ['active', 'on_hold'], undefined],
    ['Active', ['active', 'on_hold'], "Input should be 'active' or 'on_hold'"],
    [null, ['a', 'b', 'c'], "Input should be 'a', 'b' or 'c'"],
    [5, ['a'], "Input should be 'a'"],
    [['a'], ['a'], "Input should be 'a'"],
  ])('%j of %j: %s', (value, values, expected) => {
    expect(message(readEnum(value, values))).toBe(expected);
  });
});

describe('lists and maps', () => {
  it('report each bad element where it is', () => {
    const result = readList([1, 'x', null], (element) => readInt(element)) as Invalid;
    expect(result.issues.map(({ loc, type }) => [loc, type])).toEqual([
      [[1], 'int_parsing'],
      [[2], 'int_type'],
    ]);
    expect(outcome(readList('x', readText))).toBe('list_type');
  });

  it('report bad keys and values where they are', () => {
    const key = (name: string) => readEnum(name, ['vmess', 'vless']);
    const tags = (value: unknown) => readList(value, (tag) => readText(tag));
    const result = readMap({ foo: [], vmess: [5], vless: ['a'] }, key, tags) as Invalid;
    expect(result.issues.map(({ loc, type }) => [loc, type])).toEqual([
      [['foo', '[key]'], 'enum'],
      [['vmess', 0], 'string_type'],
    ]);
    expect(outcome(readMap([], key, tags))).toBe('dict_type');
    expect(outcome(readMap(null, key, tags))).toBe('dict_type');
  });

  it('keep a key named like an inherited property apart', () => {
    const value = JSON.parse('{"__proto__": "a", "constructor": "b"}') as unknown;
    const result = readMap(value, readText as (name: string) => string, (element) => readText(element));
    expect(Object.entries(result)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});
