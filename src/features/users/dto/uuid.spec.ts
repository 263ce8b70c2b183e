import { expect, it } from 'vitest';
import { Invalid } from '../../../shared/http/coercion.js';
import { readUuid } from './uuid.js';

const uuid = '3d1e9e6f-3c7a-4f0e-9b7a-0d2f8a5b6c7d';

it.each([
  ['with hyphens', uuid],
  ['in capitals', uuid.toUpperCase()],
  ['without hyphens', uuid.replaceAll('-', '')],
  ['in braces', `{${uuid}}`],
  ['as a name', `urn:uuid:${uuid}`],
])('reads a UUID %s', (_, text) => {
  expect(readUuid(text)).toBe(uuid);
});

it.each([
  [
    'not-a-uuid',
    'invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `n` at 1',
  ],
  [
    '{0z}',
    'invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `z` at 3',
  ],
  [
    'aé',
    'invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `é` at 2',
  ],
  ['', 'invalid length: expected length 32 for simple format, found 0'],
  ['a'.repeat(31), 'invalid length: expected length 32 for simple format, found 31'],
  ['aa-bb', 'invalid group count: expected 5, found 2'],
  [`{${'a'.repeat(32)}}`, 'invalid group count: expected 5, found 1'],
  [uuid.slice(0, -1), 'invalid group length in group 4: expected 12, found 11'],
  [uuid.slice(1), 'invalid group length in group 0: expected 8, found 7'],
])('says why %j is none', (text, reason) => {
  const result = readUuid(text);
  expect(result).toBeInstanceOf(Invalid);
  expect((result as Invalid).issues).toEqual([
    { loc: [], msg: `Input should be a valid UUID, ${reason}`, type: 'uuid_parsing' },
  ]);
});

it.each([null, 5, true, [], {}])('wants text, not %j', (value) => {
  expect((readUuid(value) as Invalid).issues[0]).toMatchObject({
    msg: 'UUID input should be a string, bytes or UUID object',
    type: 'uuid_type',
  });
});
