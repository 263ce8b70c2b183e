import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testUser } from '../../../../test/support/test-user.js';
import { newsOf, recordOf, type UserEvent } from './activity.js';
import { USER_STATUSES, type User } from './user.js';

const AT = new Date('2026-03-01T12:00:00Z');

const owner = {
  id: 3,
  username: 'chief',
  isSudo: false,
  telegramId: 55n,
  discordWebhook: 'https://discord.com/api/webhooks/1/secret-hook',
  usersUsage: 0n,
};

const change = (
  kind: 'modified' | 'reset' | 'next_plan' | 'revoked' | 'status',
  before: Partial<User>,
  after: Partial<User>,
): UserEvent => ({
  kind,
  before: testUser(before),
  after: testUser({ ...before, ...after }),
});

describe('others are told', () => {
  it.each<[string, UserEvent, string[]]>([
    ['of a new user', { kind: 'created', after: testUser() }, ['user_created']],
    ['of one that is gone', { kind: 'deleted', before: testUser() }, ['user_deleted']],
    ['of any modification', change('modified', {}, {}), ['user_updated']],
    [
      'of a modification before the status it led to',
      change('modified', {}, { status: 'disabled' }),
      ['user_updated', 'user_disabled'],
    ],
    [
      'that a limited user goes on',
      change('modified', { status: 'limited' }, { status: 'active' }),
      ['user_updated', 'user_enabled'],
    ],
    ['that it is limited', change('modified', {}, { status: 'limited' }), ['user_updated', 'user_limited']],
    ['that it is over', change('modified', {}, { status: 'expired' }), ['user_updated', 'user_expired']],
    ['not that a user is put on hold', change('modified', {}, { status: 'on_hold' }), ['user_updated']],
    ['of a limit reached', change('status', {}, { status: 'limited' }), ['user_limited']],
    ['of time that is over', change('status', {}, { status: 'expired' }), ['user_expired']],
    [
      'of a held user that starts',
      change('status', { status: 'on_hold' }, { status: 'active' }),
      ['user_enabled'],
    ],
    [
      'of a reset, not that the user goes on',
      change('reset', { status: 'limited' }, { status: 'active' }),
      ['data_usage_reset'],
    ],
    [
      'of a reset, and that the time is over',
      change('reset', { status: 'limited' }, { status: 'expired' }),
      ['data_usage_reset', 'user_expired'],
    ],
    [
      'of a reset of one that stays expired',
      change('reset', { status: 'expired' }, {}),
      ['data_usage_reset'],
    ],
    [
      'of a next plan',
      change('next_plan', { status: 'limited' }, { status: 'active' }),
      ['data_reset_by_next'],
    ],
    [
      'of a next plan that is over already',
      change('next_plan', {}, { status: 'expired' }),
      ['data_reset_by_next', 'user_expired'],
    ],
    ['of a new link', change('revoked', {}, {}), ['subscription_revoked']],
    ['of a new owner not at all', { kind: 'owner', before: testUser(), after: testUser({ owner }) }, []],
    [
      'of many at once not at all',
      { kind: 'disabled', before: testUser(), after: testUser({ status: 'disabled' }) },
      [],
    ],
    ['of used traffic', { kind: 'usage_percent', user: testUser(), value: 80.5 }, ['reached_usage_percent']],
    ['of days left', { kind: 'days_left', user: testUser(), value: 2 }, ['reached_days_left']],
  ])('%s', (_, event, actions) => {
    expect(newsOf(event).map(({ action }) => action)).toEqual(actions);
  });

  it('no reason why a user is disabled, as there is none', () => {
    expect(newsOf(change('modified', {}, { status: 'disabled' }))[1]).toMatchObject({
      extra: { reason: null },
    });
  });

  it('of users as they are afterwards, or were when they are gone', () => {
    const event = change('modified', { note: 'old' }, { note: 'new' });
    expect(newsOf(event)[0]!.user.note).toBe('new');
    expect(newsOf({ kind: 'deleted', before: testUser({ note: 'old' }) })[0]!.user.note).toBe('old');
  });

  it('of used traffic and days left with what clients know these as', () => {
    expect(newsOf({ kind: 'usage_percent', user: testUser(), value: 80.5 })[0]!.extra).toEqual({
      used_percent: 80.5,
    });
    expect(newsOf({ kind: 'days_left', user: testUser(), value: 2 })[0]!.extra).toEqual({ days_left: 2 });
  });
});

describe('what is noted', () => {
  it.each<[string, Partial<User>, Partial<User>, object, object]>([
    ['nothing but what changed', { note: 'a', dataLimit: 5n }, { note: 'b' }, { note: 'a' }, { note: 'b' }],
    [
      'bytes as texts',
      { dataLimit: 2n ** 60n },
      { dataLimit: null },
      { dataLimit: String(2n ** 60n) },
      { dataLimit: null },
    ],
    ['the name of an owner', { owner: null }, { owner }, { owner: null }, { owner: 'chief' }],
    [
      'protocols that come and go',
      { proxies: { vless: { id: 'a', flow: '' } } },
      { proxies: { vless: { id: 'a', flow: '' }, trojan: { password: 'p', flow: '' } } },
      { protocols: ['vless'] },
      { protocols: ['vless', 'trojan'] },
    ],
    [
      'that credentials are others',
      { proxies: { vless: { id: 'a', flow: '' } } },
      { proxies: { vless: { id: 'b', flow: '' } } },
      {},
      { credentials: 'changed' },
    ],
    [
      'nothing of credentials in another order',
      { proxies: { vless: { id: 'a', flow: '' } } },
      { proxies: { vless: { flow: '', id: 'a' } } },
      {},
      {},
    ],
    [
      'a next plan',
      { nextPlan: { dataLimit: 5n, expireAt: AT, addRemainingTraffic: true, fireOnEither: true } },
      { nextPlan: null },
      { nextPlan: { dataLimit: '5', expireAt: AT, addRemainingTraffic: true, fireOnEither: true } },
      { nextPlan: null },
    ],
  ])('is %s', (_, before, after, was, is) => {
    expect(recordOf(change('modified', before, after))).toEqual({
      action: 'user_updated',
      before: was,
      after: is,
    });
  });

  it('is only what is known', () => {
    const before = { id: 1, username: 'alice', usedTraffic: 5n };
    const after = { id: 1, username: 'alice', usedTraffic: 0n, status: 'active' as const };
    expect(recordOf({ kind: 'reset_with_others', before, after })).toEqual({
      action: 'data_usage_reset',
      before: { usedTraffic: '5' },
      after: { usedTraffic: '0' },
    });
  });

  it('is never a secret, and always JSON', () => {
    const secret = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `secret<${text}>`);
    const proxies = fc.record(
      {
        vmess: fc.record({ id: secret }),
        vless: fc.record({ id: secret, flow: fc.constant('' as const) }),
        trojan: fc.record({ password: secret, flow: fc.constant('' as const) }),
        shadowsocks: fc.record({ password: secret, method: fc.constant('aes-128-gcm' as const) }),
      },
      { requiredKeys: [] },
    );
    const user = fc
      .record({
        proxies,
        status: fc.constantFrom(...USER_STATUSES),
        dataLimit: fc.option(fc.bigInt(0n, 2n ** 63n - 1n)),
        expireAt: fc.option(fc.constant(AT)),
        note: fc.option(fc.constant('a note')),
        owner: fc.option(secret.map((discordWebhook) => ({ ...owner, discordWebhook }))),
        subLastUserAgent: secret,
      })
      .map((facts) => testUser(facts));
    const event = fc.oneof(
      user.map((after): UserEvent => ({ kind: 'created', after })),
      user.map((before): UserEvent => ({ kind: 'deleted', before })),
      fc
        .tuple(fc.constantFrom('modified', 'reset', 'revoked', 'status', 'owner'), user, user)
        .map(([kind, before, after]) => ({ kind, before, after }) as UserEvent),
      user.map((user): UserEvent => ({ kind: 'usage_percent', user, value: 1 })),
    );
    fc.assert(
      fc.property(event, (happened) => {
        expect(JSON.stringify(recordOf(happened))).not.toContain('secret');
      }),
    );
  });
});
