import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Continuation } from './continuation.js';

const letters = (text: string) => text.split('');
const after = (told: string, ...chunks: string[]) => {
  const continuation = new Continuation(letters(told));
  return chunks.map((chunk) => continuation.take(letters(chunk)).join(''));
};

describe('a log that is taken up again', () => {
  it.each<[string, string, string[], string[]]>([
    ['told nothing before', '', ['ab', 'c'], ['ab', 'c']],
    ['has nothing new', 'abc', ['abc', 'd'], ['', 'd']],
    ['has a new line', 'abc', ['abcd'], ['d']],
    ['has lost its first lines', 'abc', ['bcd'], ['d']],
    ['comes in pieces', 'abc', ['a', 'b', 'cd', 'e'], ['', '', 'd', 'e']],
    ['is another log', 'abc', ['xyz'], ['xyz']],
    ['only begins like the old one', 'abc', ['ax', 'y'], ['ax', 'y']],
    ['repeats itself', 'aab', ['ab', 'aab'], ['', 'aab']],
    ['is one line again and again', 'aaa', ['aaaa'], ['a']],
    ['ends in what it begins with', 'xab', ['abxab'], ['xab']],
  ])('%s', (_, told, chunks, expected) => {
    expect(after(told, ...chunks)).toEqual(expected);
  });

  it('tells each line once, whatever its lines and pieces are', () => {
    const line = fc.nat().map(String);
    const lines = fc.uniqueArray(line, { minLength: 1, maxLength: 150 });
    fc.assert(
      fc.property(lines, fc.nat(150), fc.nat(150), fc.nat(10), (all, until, from, size) => {
        const told = all.slice(0, Math.min(until, all.length)).slice(-100);
        const backlog = all.slice(Math.min(from, until, all.length - 1));
        const continuation = new Continuation(told);
        const got: string[] = [];
        for (let i = 0; i < backlog.length; i += size + 1) {
          got.push(...continuation.take(backlog.slice(i, i + size + 1)));
        }
        // A log that is longer than what was remembered of it begins before that: nothing tells.
        if (backlog[0] === undefined || (told.length > 0 && !told.includes(backlog[0]))) return;
        expect(got).toEqual(backlog.filter((one) => !told.includes(one)));
      }),
    );
  });
});
