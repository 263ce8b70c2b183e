import { describe, expect, it } from 'vitest';
import { tagsOfConfig } from './inbounds.js';
import { modifyUser, type UserChange } from './modification.js';
import { resetTraffic } from './reset.js';
import { revokeLinks } from './revocation.js';
import { testUser } from '../../../../test/support/test-user.js';
import type { NextPlan, User } from './user.js';

const now = new Date('2026-03-01T12:00:00Z');
const past = new Date('2026-02-01T00:00:00Z');
const future = new Date('2026-04-01T00:00:00Z');
const fresh = { uuid: () => 'new', password: () => 'new' };
const config = tagsOfConfig([
  { tag: 'A', protocol: 'vless' },
  { tag: 'B', protocol: 'vless' },
  { tag: 'M', protocol: 'vmess' },
]);
const plan: NextPlan = { dataLimit: 5n, expireAt: null, addRemainingTraffic: false, fireOnEither: true };

const change = (user: Partial<User>, what: UserChange) =>
  modifyUser(testUser(user), what, { now, config, fresh });

describe('an empty change', () => {
  it('leaves everything alone but the time of the edit', () => {
    const user = testUser({
      status: 'limited',
      note: 'n',
      nextPlan: plan,
      excludedInbounds: { vless: ['A', 'gone'] },
    });
    expect(modifyUser(user, {}, { now, config, fresh })).toEqual({ ...user, editedAt: now });
  });
});

describe('the status after a change', () => {
  const overLimit = { usedTraffic: 10n, dataLimit: 10n };
  const held = { status: 'on_hold', holdSeconds: 60 } as const;
  it.each<[string, Partial<User>, UserChange, Partial<User>]>([
    [
      'is the one that is asked for',
      {},
      { status: 'disabled' },
      { status: 'disabled', statusChangedAt: now },
    ],
    [
      'is not active while over the limit',
      { ...overLimit, status: 'disabled' },
      { status: 'active' },
      { status: 'limited' },
    ],
    [
      'is not active after the expiry',
      { status: 'disabled', expireAt: past },
      { status: 'active' },
      { status: 'expired' },
    ],
    ['follows a lower limit', { usedTraffic: 10n }, { dataLimit: 10n }, { status: 'limited' }],
    ['follows a higher limit', { ...overLimit, status: 'limited' }, { dataLimit: 11n }, { status: 'active' }],
    [
      'follows no limit',
      { ...overLimit, status: 'limited' },
      { dataLimit: null },
      { status: 'active', dataLimit: null },
    ],
    ['follows more time', { status: 'expired', expireAt: past }, { expireAt: future }, { status: 'active' }],
    ['follows no time any more', {}, { expireAt: past }, { status: 'expired' }],
    [
      'stays limited with more time',
      { ...overLimit, status: 'limited', expireAt: past },
      { expireAt: future },
      { status: 'limited' },
    ],
    [
      'stays disabled with more traffic',
      { ...overLimit, status: 'disabled' },
      { dataLimit: 100n },
      { status: 'disabled' },
    ],
    [
      'stays on hold over the limit',
      { ...held, usedTraffic: 10n },
      { dataLimit: 10n },
      { status: 'on_hold' },
    ],
    [
      'is not judged by an unrelated change',
      { ...overLimit },
      { note: 'x' },
      { status: 'active', note: 'x' },
    ],
    [
      'waits for the review when a next plan is due',
      { ...overLimit, nextPlan: plan },
      { status: 'active' },
      { status: 'active', nextPlan: plan },
    ],
    [
      'does not, when the plan is taken away',
      { ...overLimit, nextPlan: plan },
      { status: 'active', nextPlan: null },
      { status: 'limited', nextPlan: null },
    ],
    [
      'on hold has no expiry',
      { expireAt: future },
      { status: 'on_hold', holdSeconds: 60 },
      { status: 'on_hold', expireAt: null, holdSeconds: 60 },
    ],
    [
      'active starts a held user',
      held,
      { status: 'active' },
      { status: 'active', expireAt: new Date('2026-03-01T12:01:00Z'), holdSeconds: null },
    ],
    [
      'active with an expiry starts a held user with that',
      held,
      { status: 'active', expireAt: future },
      { expireAt: future, holdSeconds: null },
    ],
    [
      'active for ever starts a held user for ever',
      held,
      { status: 'active', expireAt: null },
      { expireAt: null, holdSeconds: null },
    ],
    [
      'active with a duration starts a held user with that',
      held,
      { status: 'active', holdSeconds: 120 },
      { expireAt: new Date('2026-03-01T12:02:00Z') },
    ],
    [
      'disabled keeps the hold',
      held,
      { status: 'disabled' },
      { status: 'disabled', holdSeconds: 60, heldWhenDisabled: true },
    ],
  ])('%s', (_, user, what, expected) => {
    expect(change(user, what)).toMatchObject(expected);
  });

  it('moves the time of the status only with the status', () => {
    expect(change({}, { status: 'active' }).statusChangedAt).toEqual(testUser().statusChangedAt);
    expect(change({}, { expireAt: past }).statusChangedAt).toEqual(now);
  });

  it('does not leave a held user without a duration', () => {
    expect(change(held, { holdSeconds: null }).holdSeconds).toBe(60);
    expect(change({ holdSeconds: 60 }, { holdSeconds: null }).holdSeconds).toBeNull();
  });
});

describe('a hold after a change', () => {
  const held = { status: 'on_hold', holdSeconds: 60, holdUntil: future } as const;
  const paused = { ...held, status: 'disabled', heldWhenDisabled: true } as const;
  const over = { holdSeconds: null, holdUntil: null, heldWhenDisabled: false };
  const started = { ...over, status: 'active', expireAt: new Date('2026-03-01T12:01:00Z') } as const;
  it.each<[string, Partial<User>, UserChange, Partial<User>]>([
    ['ends with a paid expiry', held, { expireAt: future }, { ...over, status: 'active', expireAt: future }],
    [
      'ends with a paid expiry, whatever the duration that is sent along',
      held,
      { expireAt: future, holdSeconds: 30 },
      { ...over, status: 'active', expireAt: future },
    ],
    ['ends with an expiry that has passed', held, { expireAt: past }, { ...over, status: 'expired' }],
    [
      'ends with a paid expiry over the limit',
      { ...held, usedTraffic: 1n, dataLimit: 1n },
      { expireAt: future },
      { ...over, status: 'limited', expireAt: future },
    ],
    [
      'ends with a paid expiry while being disabled',
      held,
      { status: 'disabled', expireAt: future },
      { ...over, status: 'disabled', expireAt: future },
    ],
    ['stays with never as expiry', held, { expireAt: null }, { ...held, expireAt: null }],
    ['stays with another limit', held, { dataLimit: 5n }, { ...held, dataLimit: 5n, expireAt: null }],
    ['stays with another duration', held, { holdSeconds: 30 }, { ...held, holdSeconds: 30 }],
    [
      'is what it was when a disabled user is held again',
      paused,
      { status: 'on_hold', holdSeconds: 30 },
      { ...held, holdSeconds: 30, heldWhenDisabled: false },
    ],
    ['waits while the user is disabled', paused, { note: 'n' }, paused],
    ['is over for a disabled user that is made active', paused, { status: 'active' }, started],
    [
      'is over for a disabled user that is made active for ever',
      paused,
      { status: 'active', expireAt: null },
      { ...over, status: 'active', expireAt: null },
    ],
    [
      'ends with a paid expiry of a disabled user, who stays disabled',
      paused,
      { expireAt: future },
      { ...over, status: 'disabled', expireAt: future },
    ],
    [
      'of a paid expiry that was stored before is that expiry',
      { ...held, expireAt: future },
      { status: 'active' },
      { ...over, status: 'active', expireAt: future },
    ],
    [
      'is none for a user that never was held, whatever duration is stored',
      { status: 'disabled', holdSeconds: 60 },
      { status: 'active' },
      { status: 'active', expireAt: null, holdSeconds: 60 },
    ],
  ])('%s', (_, user, what, expected) => {
    expect(change(user, what)).toMatchObject(expected);
  });
});

describe('inbounds after a change', () => {
  const user = { proxies: { vless: { id: 'v', flow: '' as const } }, excludedInbounds: { vless: ['A'] } };
  it.each<[string, UserChange, User['excludedInbounds']]>([
    ['stay when they are not named', {}, { vless: ['A'] }],
    ['stay for the protocols that are not named', { inbounds: { vmess: [] } }, { vless: ['A'] }],
    ['are the named ones', { inbounds: { vless: ['A'] } }, { vless: ['B'] }],
    ['can all be open', { inbounds: { vless: ['A', 'B'] } }, {}],
    ['can all be closed', { inbounds: { vless: [] } }, { vless: ['A', 'B'] }],
    ['stay with new credentials', { proxies: { vless: {} } }, { vless: ['A'] }],
    ['go with their protocol', { proxies: { vmess: {} } }, {}],
    ['of a new protocol are open', { proxies: { vless: {}, vmess: {} } }, { vless: ['A'] }],
    [
      'of a new protocol can be named',
      { proxies: { vmess: {} }, inbounds: { vmess: [], vless: [] } },
      { vmess: ['M'] },
    ],
  ])('%s', (_, what, excluded) => {
    expect(change(user, what).excludedInbounds).toEqual(excluded);
  });
});

describe('a reset', () => {
  it.each<[string, Partial<User>, Partial<User>]>([
    [
      'counts from nothing and remembers',
      { usedTraffic: 7n, resetTraffic: 5n },
      { usedTraffic: 0n, resetTraffic: 12n, status: 'active' },
    ],
    [
      'lifts the limit',
      { usedTraffic: 7n, dataLimit: 7n, status: 'limited' },
      { status: 'active', statusChangedAt: now },
    ],
    [
      'does not hide that the time is over',
      { usedTraffic: 7n, dataLimit: 7n, status: 'limited', expireAt: past },
      { status: 'expired' },
    ],
    ["lifts the operator's word", { status: 'disabled' }, { status: 'active', statusChangedAt: now }],
    ['leaves expired users expired', { status: 'expired', expireAt: past }, { status: 'expired' }],
    [
      'starts held users',
      { status: 'on_hold', holdSeconds: 60, holdUntil: future },
      { status: 'active', expireAt: new Date('2026-03-01T12:01:00Z'), holdSeconds: null, holdUntil: null },
    ],
    [
      'starts users that were disabled while held',
      { status: 'disabled', heldWhenDisabled: true, holdSeconds: 60 },
      {
        status: 'active',
        expireAt: new Date('2026-03-01T12:01:00Z'),
        holdSeconds: null,
        heldWhenDisabled: false,
      },
    ],
    [
      'starts held users without a duration for ever',
      { status: 'on_hold' },
      { status: 'active', expireAt: null },
    ],
    [
      'starts no time of other users, whatever duration is stored',
      { status: 'disabled', holdSeconds: 60 },
      { status: 'active', expireAt: null, holdSeconds: 60 },
    ],
    [
      'leaves a user whose next plan is due to the review',
      { usedTraffic: 7n, dataLimit: 7n, status: 'limited', expireAt: past, nextPlan: plan },
      { status: 'active', nextPlan: plan },
    ],
    ['keeps the next plan', { nextPlan: plan }, { nextPlan: plan, editedAt: null }],
  ])('%s', (_, user, expected) => {
    expect(resetTraffic(testUser(user), now)).toMatchObject(expected);
  });
});

describe('a revocation', () => {
  it('changes the link and the credentials', () => {
    const user = testUser({ nextPlan: plan, excludedInbounds: { vless: ['A'] } });
    expect(revokeLinks(user, now, fresh)).toEqual({
      ...user,
      proxies: { vless: { id: 'new', flow: '' } },
      subRevokedAt: now,
      editedAt: now,
    });
  });

  it.each<[string, Partial<User>, User['status']]>([
    ['of a limited user with traffic left', { status: 'limited', usedTraffic: 1n, dataLimit: 2n }, 'active'],
    ['of an active user without', { usedTraffic: 2n, dataLimit: 2n }, 'limited'],
    ['of an active user whose time is over', { expireAt: past }, 'expired'],
    ['of an active user whose next plan is due', { expireAt: past, nextPlan: plan }, 'active'],
    ['of a disabled user', { status: 'disabled', expireAt: past }, 'disabled'],
    ['of a held user', { status: 'on_hold', holdSeconds: 60 }, 'on_hold'],
  ])('judges the status %s', (_, user, status) => {
    const revoked = revokeLinks(testUser(user), now, fresh);
    expect(revoked.status).toBe(status);
    expect(revoked.statusChangedAt).toEqual(
      status === (user.status ?? 'active') ? testUser().statusChangedAt : now,
    );
  });

  it('makes another link each time, twice in a millisecond too', () => {
    const once = revokeLinks(testUser(), now, fresh);
    expect(revokeLinks(once, now, fresh).subRevokedAt).toEqual(new Date(now.getTime() + 1));
  });
});
