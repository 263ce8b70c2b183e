import { describe, expect, it } from 'vitest';
import { SecretBox, WrongKey } from './secret-box.js';

const [one, two, none] = await Promise.all([
  SecretBox.with('the first key of all'),
  SecretBox.with('the second key of all', ['the first key of all']),
  SecretBox.with(undefined),
]);

describe('a secret at rest', () => {
  it('is not to be read, never twice the same, and comes back', () => {
    const [sealed, again] = [one.seal('name', 'séсret'), one.seal('name', 'séсret')];
    expect(sealed).toMatch(/^[\da-f]+:enc1$/);
    expect(sealed).not.toBe(again);
    expect(one.open('name', sealed)).toEqual({ text: 'séсret', isStale: false });
  });

  it('is an unknown key, not an empty one, to a version that takes it for one in hexadecimal digits', () => {
    expect(Buffer.from(one.seal('name', 'x'), 'hex').length).toBeGreaterThan(28);
  });

  it('is sealed anew once there is a key, or another one', () => {
    expect(one.open('name', 'plain')).toEqual({ text: 'plain', isStale: true });
    expect(two.open('name', one.seal('name', 'x'))).toEqual({ text: 'x', isStale: true });
    expect(none.open('name', none.seal('name', 'x'))).toEqual({ text: 'x', isStale: false });
  });

  it.each<[string, () => string, SecretBox]>([
    ['with another key', () => two.seal('name', 'x'), one],
    ['without a key', () => one.seal('name', 'x'), none],
    ['in the place of another secret', () => one.seal('other', 'x'), one],
    [
      'when a bit of it was changed',
      () => one.seal('name', 'x').replace(/.(?=:enc1$)/, (c) => (c === '0' ? '1' : '0')),
      one,
    ],
    ['when it was cut', () => one.seal('name', 'x').slice(20), one],
  ])('is not opened %s', (_, seal, box) => {
    expect(() => box.open('name', seal())).toThrow(WrongKey);
  });
});
