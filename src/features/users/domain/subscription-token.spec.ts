import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTokenValid, readToken, writeToken } from './subscription-token.js';

interface Recorded {
  vectors: { secret: string; username: string; issued_at_unix: number; token: string }[];
  checks: {
    name: string;
    token: string;
    user: { username: string; created_at: string; sub_revoked_at?: string };
    now_utc: string;
    status: number;
  }[];
}

const golden = new URL('../../../../test/golden/subscription/tokens.json', import.meta.url);
const { vectors, checks } = JSON.parse(readFileSync(golden, 'utf8')) as Recorded;

const own = createSecretKey(Buffer.alloc(32, 7));
const now = new Date('2026-01-15T12:00:00Z');
const utc = (naive: string) => new Date(`${naive}Z`);

describe('a token of Marzban', () => {
  it.each(vectors)('for $username is read', ({ secret, username, issued_at_unix: seconds, token }) => {
    const keys = { own, imported: ['an older secret', secret] };
    expect(readToken(token, keys, now)).toEqual({ username, issued: { seconds } });
  });

  it.each(checks)('$name', ({ name, token, user, now_utc: at, status }) => {
    const read = readToken(token, { own, imported: [vectors[0]!.secret] }, new Date(at));
    const valid =
      read !== undefined &&
      read.username === user.username &&
      isTokenValid(read.issued, utc(user.created_at), user.sub_revoked_at ? utc(user.sub_revoked_at) : null);
    // Names differ by letter case on every database but the oldest one, and on ours.
    expect(valid).toBe(status === 200 && name !== 'user name in other letter case');
  });

  it('is nothing with one bit flipped anywhere, cut, or with anything behind it', () => {
    const legacy = checks.find(({ name }) => name === 'legacy JWT')!;
    const keys = { own, imported: vectors.map(({ secret }) => secret) };
    for (const { token } of [...vectors, legacy]) {
      expect(readToken(token, keys, now)).toBeDefined();
      const letters = [...token];
      const flipped = letters.flatMap((letter, at) =>
        [1, 2, 4, 8, 16, 32, 64].map((bit) =>
          letters.with(at, String.fromCharCode(letter.charCodeAt(0) ^ bit)).join(''),
        ),
      );
      const cut = letters.map((_, length) => token.slice(0, length));
      const longer = ['=', 'A', '.', '%00', 'A'.repeat(10_000)].map((end) => token + end);
      for (const bad of [...flipped, ...cut, ...longer, token.repeat(100)]) {
        expect([bad, readToken(bad, keys, now)]).toEqual([bad, undefined]);
      }
    }
  });

  it('counts with whatever else was signed behind the time, which Marzban never looks at', () => {
    const token = 'YWxpY2UsMTc2NDAwMDAwMCxtb3JlZJK9jhtjUA'; // alice,1764000000,more
    const keys = { own, imported: ['a5c0ffee00d15ea5e0ddba11deadbeefcafef00dba5eba11feedfacec0dec0de'] };
    expect(readToken(token, keys, now)).toEqual({ username: 'alice', issued: { seconds: 1_764_000_000 } });
  });

  it('is nothing without its key', () => {
    for (const { token } of vectors) expect(readToken(token, { own, imported: [] }, now)).toBeUndefined();
  });
});

describe('a token of ours', () => {
  const keys = { own, imported: [] };
  const createdAt = new Date('2026-01-01T00:00:00.123Z');

  it('is one path segment: payload, then 256 bits of signature', () => {
    const token = writeToken('alice', createdAt, own);
    expect(token).toMatch(/^[\w-]+$/);
    expect(Buffer.from(token.slice(0, -43), 'base64url').toString()).toBe('alice,1767225600123');
  });

  it('stays the same until the links are revoked', () => {
    const token = writeToken('alice', createdAt, own);
    expect(writeToken('alice', new Date(createdAt), own)).toBe(token);
    const { issued } = readToken(token, keys, now)!;
    expect(isTokenValid(issued, createdAt, null)).toBe(true);
    expect(isTokenValid(issued, createdAt, new Date(createdAt.getTime() + 1))).toBe(false);
  });

  it('does not open the page of a later user of the same name', () => {
    const { issued } = readToken(writeToken('alice', createdAt, own), keys, now)!;
    expect(isTokenValid(issued, new Date(createdAt.getTime() + 1), null)).toBe(false);
  });

  it('is read by its own key only, for any name', () => {
    const other = createSecretKey(Buffer.alloc(32, 8));
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-zA-Z0-9_@.-]{3,64}$/),
        fc.date({ min: new Date(0), noInvalidDate: true }),
        (name, at) => {
          const token = writeToken(name, at, own);
          expect(readToken(token, keys, now)).toEqual({ username: name, issued: { exactMs: at.getTime() } });
          expect(readToken(token, { own: other, imported: ['secret'] }, now)).toBeUndefined();
        },
      ),
    );
  });

  it('is void after any change', () => {
    const token = writeToken('alice', createdAt, own);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.stringMatching(/^[\w-]$/), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        if (changed !== token) expect(readToken(changed, keys, now)).toBeUndefined();
      }),
    );
  });

  it.each(['', 'a', 'ژ'.repeat(60), '.'.repeat(60), `${'A'.repeat(100)}%00`])('is not %s', (text) => {
    expect(readToken(text, keys, now)).toBeUndefined();
  });
});
