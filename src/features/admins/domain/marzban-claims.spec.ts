import { describe, expect, it } from 'vitest';
import { isMarzbanClaims, stillStandsFor } from './marzban-claims.js';

const SECOND = 1_764_000_000;
const at = (seconds: number, milliseconds = 0) => new Date((SECOND + seconds) * 1000 + milliseconds);
const claims = { sub: 'reseller', access: 'admin', iat: SECOND } as const;
const admin = { createdAt: at(-100), passwordResetAt: null, fromEnvironment: false };
const IMPORTED = at(1000);

describe('what Marzban says of an admin', () => {
  it.each([
    ['a token without an end', { sub: 'a', access: 'sudo', iat: 1 }, true],
    ['one with an end', { sub: 'a', access: 'admin', iat: 1, exp: 2 }, true],
    ['one without a time', { sub: 'a', access: 'admin' }, true],
    ['the token of a subscription', { sub: 'a', access: 'subscription', iat: 1 }, false],
    ['no name', { access: 'admin' }, false],
    ['a name that is no text', { sub: 7, access: 'admin' }, false],
    ['a name the database cannot hold', { sub: 'a\0', access: 'admin' }, false],
    ['a time that is none', { sub: 'a', access: 'admin', iat: 'x' }, false],
    ['one of ours', { sub: 'a', access: 'admin', aid: 1, ver: 1 }, false],
    ['nothing', null, false],
  ])('%s', (_, payload, is) => {
    expect(isMarzbanClaims(payload)).toBe(is);
  });
});

describe('a token of Marzban stands for its admin', () => {
  it('for ever, while the password stays', () => {
    expect(stillStandsFor(claims, admin, IMPORTED)).toBe(true);
  });

  it.each([
    ['in the second before a new password', { passwordResetAt: at(0, 1) }, false],
    ['in the millisecond of a new password', { passwordResetAt: at(0) }, true],
    ['after a new password', { passwordResetAt: at(-1, 1) }, true],
  ])('issued %s', (_, change, stands) => {
    expect(stillStandsFor(claims, { ...admin, ...change }, IMPORTED)).toBe(stands);
  });

  it('without a time only while the password is the first one', () => {
    const { iat: _, ...timeless } = claims;
    expect(stillStandsFor(timeless, admin, IMPORTED)).toBe(true);
    expect(stillStandsFor(timeless, { ...admin, passwordResetAt: at(-99) }, IMPORTED)).toBe(false);
  });

  it('not when that one was made after the import', () => {
    expect(stillStandsFor(claims, { ...admin, createdAt: at(1000, 1) }, IMPORTED)).toBe(false);
  });

  it('who comes of the environment, whose row is made here, when it says sudo', () => {
    const environment = { ...admin, createdAt: at(2000), fromEnvironment: true };
    expect(stillStandsFor({ ...claims, access: 'sudo' }, environment, IMPORTED)).toBe(true);
    expect(stillStandsFor(claims, environment, IMPORTED)).toBe(false);
  });
});
