import { expect, it } from 'vitest';
import type { Account, CoreUser, ResolvedInbound } from '../../../xray/config/types.js';
import { audit } from './audit.js';

const LIMIT = 100;
const INBOUND = { tag: 'TROJAN', protocol: 'trojan' } as unknown as ResolvedInbound;

const user = (id: number) =>
  ({
    id,
    username: 'x',
    proxies: { trojan: { password: 'right' } },
    excludedInbounds: {},
  }) as unknown as CoreUser;
const account = (id: number, password: string): Account => ({ email: `${id}.x`, type: 'trojan', password });
const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** Audits until nothing more is found, each time with what was found applied, but for those that `fail`. */
async function audits(has: Map<number, string>, wanted: readonly number[], fail = new Set<number>()) {
  const found: number[][] = [];
  const known = new Set<number>();
  for (let isComplete = false; !isComplete;) {
    const one = await audit(
      {
        core: {
          eachAccount: async (_, take) => has.forEach((password, id) => take(account(id, password))),
        },
        inbounds: [INBOUND],
        eachUser: async (take) => take(wanted.map(user)),
        isKnown: (id) => known.has(id),
        signal: new AbortController().signal,
      },
      LIMIT,
    );
    expect(one.accounts).toBe(has.size);
    ({ isComplete } = one);
    found.push(one.differences.map(({ userId }) => userId));
    for (const { userId } of one.differences) {
      if (fail.has(userId)) known.add(userId);
      else if (wanted.includes(userId)) has.set(userId, 'right');
      else has.delete(userId);
    }
  }
  return found;
}

it('finds everybody when nobody is as he should be, so many at a time of those to be served and of the others', async () => {
  const has = new Map([
    ...ids(1, 130).map((id) => [id, 'wrong'] as const),
    ...ids(5_000, 250).map((id) => [id, 'right'] as const),
    ...ids(9_000, 3).map((id) => [id, 'right'] as const),
  ]);
  const wanted = [...ids(1, 230), ...ids(9_000, 3)];
  const found = await audits(has, wanted);
  expect(found.map(({ length }) => length)).toEqual([2 * LIMIT, 2 * LIMIT, 80]);
  expect(found.flat().toSorted((a, b) => a - b)).toEqual([...ids(1, 230), ...ids(5_000, 250)]);
  expect([...has]).toHaveLength(wanted.length);
});

it('finds those who come after others that cannot be applied', async () => {
  const failing = new Set(ids(1, 150));
  const found = await audits(new Map(), ids(1, 180), failing);
  expect(found.map(({ length }) => length)).toEqual([LIMIT, 80]);
});

it('is complete with no more than it takes at once', async () => {
  expect(await audits(new Map(), ids(1, LIMIT))).toEqual([ids(1, LIMIT)]);
  expect(await audits(new Map([[1, 'right']]), [1])).toEqual([[]]);
});
