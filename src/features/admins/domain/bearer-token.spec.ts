import { describe, expect, it } from 'vitest';
import { bearerToken } from './bearer-token.js';

describe('the token of an Authorization header', () => {
  it.each<[string | undefined, string | undefined]>([
    ['Bearer abc', 'abc'],
    ['bEARER abc', 'abc'],
    ['Bearer  abc', ' abc'],
    ['Bearer', ''],
    ['Bearer ', ''],
    ['Basic abc', undefined],
    ['abc', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j holds %j', (header, expected) => {
    expect(bearerToken(header)).toBe(expected);
  });
});
