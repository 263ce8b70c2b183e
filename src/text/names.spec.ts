import { describe, expect, it } from 'vitest';
import { faultOfPersonName } from './names.js';

describe('the name of a person', () => {
  it.each(['root', 'مدیر', 'می‌خواهم', 'a b', "o'neil", '👩‍🚀'])('may be %j', (name) => {
    expect(faultOfPersonName(name)).toBeUndefined();
  });

  it.each(['a\nb', 'a\u0000', '\ta', 'a\u007f', 'a\u0085b', 'a\u2028b', 'a\u2029', 'a\u202eb', '\u2066a'])(
    'holds no control characters: %j',
    (name) => {
      expect(faultOfPersonName(name)).toBe('must not hold control characters');
    },
  );

  it.each([' a', 'a ', 'a\u00a0', '\u3000a', '\ufeffa'])('has no blanks at its ends: %j', (name) => {
    expect(faultOfPersonName(name)).toBe('must not begin or end with a blank');
  });
});
