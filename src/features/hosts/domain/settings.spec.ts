import { describe, expect, it } from 'vitest';
import { hasValidVariables, isFragmentSetting, isNoiseSetting, isNoiseTooLong } from './settings.js';

describe('the variables of a remark', () => {
  it.each([
    ['', true],
    ['x {USERNAME} y', true],
    ['{ANYTHING}', true],
    ['{a b}', true],
    ['{{literal}}', true],
    ['{{{A}}}', true],
    ['{A:>10}', true],
    ['{A:*^10.3s}', true],
    ['{A!r}', true],
    ['{A!s:<5}', true],
    ['{A:}', true],
    ['{0a}', true],
    ['🚀 Marz ({USERNAME}) [{PROTOCOL} - {TRANSPORT}]', true],
    ['{', false],
    ['}', false],
    ['{USERNAME', false],
    ['USERNAME}', false],
    ['{{A}', false],
    ['{a[}', false],
    ['{}', false],
    ['{0}', false],
    ['{12:>3}', false],
    ['{!r}', false],
    ['{:>3}', false],
    ['{A!x}', false],
    ['{A!}', false],
    ['{A:d}', false],
    ['{A:+3}', false],
    ['{A.b}', false],
    ['{A[k]}', false],
    ['{a{b}}', false],
    ['{A:{B}}', false],
  ])('%j are well-formed: %s', (text, expected) => {
    expect(hasValidVariables(text)).toBe(expected);
  });
});

describe('a fragment setting', () => {
  it.each([
    ['10-100,100-200,tlshello', true],
    ['10,10,1', true],
    ['100-200,10-20,1-3', true],
    ['9999,999,9', true],
    ['200-100,1,tlshello', true],
    ['10000,1,1', false],
    ['1,1000,1', false],
    ['1,1,12', false],
    ['1,1,1-23', false],
    [' 1,1,1', false],
    ['1,1,1\n', false],
    ['١,1,1', false],
    ['1,1', false],
    ['1,1,tls', false],
  ])('%j is one: %s', (setting, expected) => {
    expect(isFragmentSetting(setting)).toBe(expected);
  });
});

describe('a noise setting', () => {
  it.each([
    ['rand:10-20,100-200', true],
    ['rand:10', true],
    ['str:hello,10', true],
    ['rand:1&str:x,5', true],
    ['rand:1,2&rand:3-4&hex:00', true],
    ['hex:zz', true],
    ['str:a&b', true],
    ['str:a&', true],
    ['base64:', false],
    ['rand:99999', false],
    ['array:1', false],
    ['rand:1&', false],
    ['rand:1&&rand:2', false],
    ['rand:1,2,3', false],
    ['str:a\nb', false],
    ['rand:1\n', false],
    [' rand:1', false],
  ])('%j is one: %s', (setting, expected) => {
    expect(isNoiseSetting(setting)).toBe(expected);
  });

  it('is judged at any length', () => {
    // A pattern that tries again at each part would take an hour.
    expect(isNoiseSetting(`${'str:a&'.repeat(300_000)}\n`)).toBe(false);
    expect(isNoiseSetting('rand:1,2&'.repeat(300_000))).toBe(false);
  });

  it('may have 2000 characters, whatever their size', () => {
    expect(isNoiseTooLong('🚀'.repeat(2000))).toBe(false);
    expect(isNoiseTooLong('x'.repeat(2001))).toBe(true);
  });
});
