import { describe, expect, it } from 'vitest';
import type { Account } from '../../../xray/config/types.js';
import { AccountDigests } from './account-digests.js';

const trojan = (id: number, password: string): Account => ({ email: `${id}.x`, type: 'trojan', password });

describe('digests of accounts', () => {
  it('tell who has other accounts than wanted, and who has some that nobody asked for', () => {
    const digests = new AccountDigests();
    digests.has(1, 0, trojan(1, 'a'));
    digests.has(1, 1, trojan(1, 'b'));
    digests.has(2, 0, trojan(2, 'a'));
    digests.has(3, 0, trojan(3, 'a'));
    digests.has(3, 0, trojan(3, 'a')); // a copy
    digests.has(4, 1, trojan(4, 'a'));
    digests.has(5, 0, { ...trojan(5, 'a'), email: '5.former' });
    digests.has(7, 0, trojan(7, 'a'));
    const isAsWanted = (id: number, ...passwords: (string | null)[]) =>
      digests.isAsWanted(
        id,
        passwords.map((password) => (password === null ? null : trojan(id, password))),
      );
    expect(isAsWanted(1, 'a', 'b')).toBe(true);
    expect(isAsWanted(1, 'b', 'a')).toBe(false);
    expect(isAsWanted(2, 'b', null)).toBe(false);
    expect(isAsWanted(2, 'a', 'a')).toBe(false);
    expect(isAsWanted(3, 'a', null)).toBe(false);
    expect(isAsWanted(4, 'a', null)).toBe(false);
    expect(isAsWanted(5, 'a', null)).toBe(false);
    expect(isAsWanted(6, 'a', null)).toBe(false);
    expect(isAsWanted(8, null, null)).toBe(true);
    expect([...digests.unasked()]).toEqual([7]);
  });

  it('hold in the order that accounts come in, and for any number of users', () => {
    const digests = new AccountDigests();
    const ids = Array.from({ length: 5_000 }, (_, i) => 1 + i * 7);
    for (const id of ids) digests.has(id, 1, trojan(id, 'b'));
    for (const id of ids.toReversed()) digests.has(id, 0, trojan(id, 'a'));
    const wrong = ids.filter((id) => !digests.isAsWanted(id, [trojan(id, 'a'), trojan(id, 'b')]));
    expect(wrong).toEqual([]);
    expect([...digests.unasked()]).toEqual([]);
  });
});
