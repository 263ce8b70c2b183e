import { expect, it } from 'vitest';
import { subscriptionHeaders } from './subscription-headers.js';

const profile = { profileTitle: 'Subscription', supportUrl: 'https://t.me/', updateInterval: '12' };
const account = {
  username: 'alice',
  usedTraffic: 1152n,
  dataLimit: 10_737_418_240n,
  expireAt: new Date('2026-01-20T12:00:00.700Z'),
};

it('the headers are those of Marzban, in its order', () => {
  const url = 'http://panel.example.com/sub/token?name=x';
  expect(Object.entries(subscriptionHeaders(account, profile, url))).toEqual([
    ['content-disposition', 'attachment; filename="alice"'],
    ['profile-web-page-url', url],
    ['support-url', 'https://t.me/'],
    ['profile-title', 'base64:U3Vic2NyaXB0aW9u'],
    ['profile-update-interval', '12'],
    ['subscription-userinfo', 'upload=0; download=1152; total=10737418240; expire=1768910400'],
  ]);
});

it('no limit and no end are 0', () => {
  const headers = subscriptionHeaders({ ...account, dataLimit: null, expireAt: null }, profile, '');
  expect(headers['subscription-userinfo']).toBe('upload=0; download=1152; total=0; expire=0');
});

it('a title in any script fits into a header', () => {
  const headers = subscriptionHeaders(account, { ...profile, profileTitle: 'اشتراک ⚡' }, '');
  expect(headers['profile-title']).toBe('base64:2KfYtNiq2LHYp9qpIOKaoQ==');
});
