import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { envLine, parseEnvFile } from './env-file.js';

const valuesOf = (text: string) => Object.fromEntries(parseEnvFile(text).values);

it.each<[string, string, Record<string, string>]>([
  ['blanks around the sign', 'A = "value"\nB= 1 \n', { A: 'value', B: '1' }],
  [
    'comments',
    '# A = 1\nB = 2 # two\nC = "3 # three" # three\nD = x#y\nE = # nothing\n',
    { B: '2', C: '3 # three', D: 'x#y', E: '' },
  ],
  ['export', 'export A=1', { A: '1' }],
  ['Windows', '\uFEFFA=1\r\nB = "2"\r\n', { A: '1', B: '2' }],
  [
    'quotes',
    `A='it\\'s'\nB="say \\"x\\"\\n\\tend \\\\ \\d"\nC=''\n`,
    { A: "it's", B: 'say "x"\n\tend \\ \\d', C: '' },
  ],
  ['several lines', 'A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
  [
    'others in them',
    'A=x\nB="${A}/${A}"\nC=\'${A}\'\nD=${NONE:-y}${NONE}\nE=$A\n',
    { A: 'x', B: 'x/x', C: 'x', D: 'y', E: '$A' },
  ],
  ['the last of several', 'A=1\nA=2', { A: '2' }],
  ['names without a value', 'A\nB=', { B: '' }],
  ['text beyond ASCII', 'A = "پنل ⏳"', { A: 'پنل ⏳' }],
])('a .env has %s', (_, text, expected) => {
  expect(valuesOf(text)).toEqual(expected);
});

it('a line that is no setting is told, and hides no other', () => {
  const { values, strangeLines } = parseEnvFile('A=1\nB="x" y\n=3\nC=4\n');
  expect(Object.fromEntries(values)).toEqual({ A: '1', C: '4' });
  expect(strangeLines).toEqual([2, 3]);
});

it('what is written for Node.js is read by it as it was', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '`', '#', '$', '{', '\\', 'n', '\n', '=') }),
  );
  fc.assert(
    fc.property(value, (text) => {
      const line = envLine('NAME', text);
      if (line !== undefined) expect(parseEnv(`A=1\n${line}\nB=2\n`)).toEqual({ A: '1', NAME: text, B: '2' });
    }),
  );
  expect(envLine('NAME', `all of '"\``)).toBeUndefined();
});
