import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { writeAgo, writeBytes, writeDuration } from './amounts.js';
import { appsFor } from './apps.js';
import { Markup, markup } from './markup.js';
import { preferredLanguage } from './language.js';
import { describeLink } from './link-name.js';
import { PAGE_SECURITY_POLICY, writePage } from './page.js';
import { qrCode } from './qr-code.js';
import { TEXTS } from './texts/index.js';
import { type PageSource, pageView } from './view.js';

const DAY = 86_400;
const now = new Date('2026-01-15T12:00:00Z');

function source(user: Partial<PageSource['user']> = {}, more: Partial<PageSource> = {}): PageSource {
  return {
    user: {
      username: 'alice',
      status: 'active',
      usedTraffic: 3n * 1024n ** 3n,
      dataLimit: 10n * 1024n ** 3n,
      resetStrategy: 'no_reset',
      expireAt: new Date('2026-01-20T13:00:00Z'),
      holdSeconds: null,
      holdUntil: null,
      ...user,
    },
    links: ['vless://id@192.0.2.1:443#Paris'],
    subscriptionUrl: 'https://panel.example.com/sub/token',
    profileTitle: '',
    supportUrl: 'https://t.me/',
    language: 'en',
    now,
    ...more,
  };
}

describe('markup', () => {
  it('escapes whatever is no markup', () => {
    const evil = `"><script>alert('&')</script>`;
    expect(markup`<a title="${evil}">${evil}</a>${new Markup('<b>')}${undefined}${3}`.text).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;</a><b>3',
    );
  });
});

it.each([
  ['', 'en'],
  ['*', 'en'],
  ['de-DE,de;q=0.9', 'en'],
  ['fa-IR,fa;q=0.9,en;q=0.8', 'fa'],
  ['de,en;q=0.5,ru;q=0.7', 'ru'],
  ['ZH-Hans-CN', 'zh'],
  ['ru;q=0,zh;q=0.1', 'zh'],
  ['en;q=0.3, fa ; q=0.4', 'fa'],
  [',;q=,;;;ru;q=x', 'en'],
  ['x,'.repeat(5000), 'en'],
])('who asks for “%.30s” reads %s', (acceptLanguage, language) => {
  expect(preferredLanguage(acceptLanguage)).toBe(language);
});

describe('amounts', () => {
  it.each([
    [0n, '0 bytes'],
    [-5n, '0 bytes'],
    [1023n, '1,023 bytes'],
    [1536n, '1.5 kB'],
    [4_400_000_000n, '4.1 GB'],
    [150n * 1024n ** 3n, '150 GB'],
    [5n * 1024n ** 6n, '5,120 PB'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(writeBytes(bytes, TEXTS.en)).toBe(text);
  });

  it('are written as the language does', () => {
    expect(writeBytes(1536n * 1024n ** 2n, TEXTS.ru)).toBe('1,5 ГБ');
    expect(writeBytes(1536n * 1024n ** 2n, TEXTS.fa)).toBe('۱٫۵ گیگابایت');
    expect(writeDuration(23 * DAY, 'ru-RU')).toBe('23 дня');
  });

  it.each([
    [0, '1 minute'],
    [119, '1 minute'],
    [7199, '119 minutes'],
    [7200, '2 hours'],
    [2 * DAY - 1, '47 hours'],
    [2 * DAY, '2 days'],
    [400 * DAY, '400 days'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(writeDuration(seconds, 'en-GB')).toBe(text);
    expect(writeAgo(seconds, 'en-GB')).toBe(`${text} ago`);
  });
});

describe('a share link', () => {
  it.each([
    ['vless://id@host:1#A%20%26%20B', 'A & B', 'vless'],
    ['ss://x@host:1#100%', '100%', 'ss'],
    [`vmess://${Buffer.from('{"ps":"Париж"}').toString('base64')}`, 'Париж', 'vmess'],
    ['vmess://nonsense', 'vmess://nonsense', 'vmess'],
    ['trojan://x@host:1', 'trojan://x@host:1', 'trojan'],
    ['not a link', 'not a link', ''],
  ])('%s is shown as %s', (link, name, protocol) => {
    expect(describeLink(link)).toEqual({ name, protocol });
  });
});

it('applications are told the subscription and its name', () => {
  const urls = appsFor('https://a.example/sub/x', 'My VPN').map(({ importUrl }) => importUrl);
  const encoded = 'https%3A%2F%2Fa.example%2Fsub%2Fx';
  expect(urls).toEqual([
    `v2rayng://install-sub?url=${encoded}#My%20VPN`,
    'streisand://import/https://a.example/sub/x#My%20VPN',
    'happ://add/https://a.example/sub/x',
    'hiddify://import/https://a.example/sub/x#My%20VPN',
    `clash://install-config?url=${encoded}&name=My%20VPN`,
    `sing-box://import-remote-profile?url=${encoded}#My%20VPN`,
  ]);
});

it('a text too long for a QR code has none', () => {
  expect(qrCode('x'.repeat(2953), 'long')).toBeDefined();
  expect(qrCode('x'.repeat(2954), 'too long')).toBeUndefined();
  expect(qrCode('ж'.repeat(1477), 'too long')).toBeUndefined();
});

describe('a view', () => {
  it.each([
    [
      'of a running account',
      {},
      '7 GB left',
      ['3 GB of 10 GB used'],
      '5 days left',
      ['Until 20 January 2026'],
    ],
    [
      'of a used up account',
      { status: 'limited', usedTraffic: 11n * 1024n ** 3n, resetStrategy: 'month' },
      '0 bytes left',
      ['11 GB of 10 GB used', 'Starts anew every month'],
      '5 days left',
      ['Until 20 January 2026'],
    ],
    [
      'of an account without limits',
      { dataLimit: null, expireAt: null },
      'Unlimited',
      ['3 GB used'],
      'No end',
      [],
    ],
    [
      'of an expired account',
      { status: 'expired', expireAt: new Date('2026-01-12T12:00:00Z') },
      '7 GB left',
      ['3 GB of 10 GB used'],
      'Ended 3 days ago',
      ['12 January 2026'],
    ],
    [
      'of an account on hold',
      { status: 'on_hold', expireAt: null, holdSeconds: 30 * DAY, holdUntil: new Date('2026-03-01') },
      '7 GB left',
      ['3 GB of 10 GB used'],
      'Starts with the first connection',
      ['30 days from then on', 'On 1 March 2026 at the latest'],
    ],
  ] as [string, Partial<PageSource['user']>, string, string[], string, string[]][])(
    '%s says what is left',
    (_, user, trafficHeadline, trafficDetails, timeHeadline, timeDetails) => {
      const { traffic, time } = pageView(source(user));
      expect([traffic.headline, traffic.details]).toEqual([trafficHeadline, trafficDetails]);
      expect([time.headline, time.details]).toEqual([timeHeadline, timeDetails]);
      expect(traffic.usedShare ?? 0).toBeLessThanOrEqual(1);
    },
  );

  it.each([
    ['active', 1],
    ['on_hold', 1],
    ['disabled', 0],
    ['limited', 0],
    ['expired', 0],
  ] as const)('of an account that is %s has links: %s', (status, count) => {
    expect(pageView(source({ status })).links).toHaveLength(count);
  });

  it.each([
    ['https://t.me/', undefined],
    ['', undefined],
    ['javascript:alert(1)', undefined],
    ['https://t.me/help', 'https://t.me/help'],
    ['tg://resolve?domain=help', 'tg://resolve?domain=help'],
  ])('leads to the support at %s: %s', (supportUrl, shown) => {
    expect(pageView(source({}, { supportUrl })).supportUrl).toBe(shown);
  });
});

describe('the page', () => {
  it('carries nothing that came from outside as markup', () => {
    const evil = `"'><img src=x onerror=alert(1)>`;
    const page = writePage(
      pageView(
        source(
          { username: evil },
          { links: [`vless://${evil}#${evil}`], subscriptionUrl: evil, profileTitle: evil },
        ),
      ),
    );
    expect(page).not.toContain('<img src=x');
    expect(page).not.toContain(`"'>`);
  });

  it('runs and styles only what its policy names by hash', () => {
    const page = writePage(pageView(source()));
    const contents = (tag: string) =>
      [...page.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(([, text]) => text!);
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(contents('script').map(hash)).toEqual([/script-src (\S+?)(;|$)/.exec(PAGE_SECURITY_POLICY)![1]]);
    expect(contents('style').map(hash)).toEqual([/style-src (\S+?)(;|$)/.exec(PAGE_SECURITY_POLICY)![1]]);
    expect(PAGE_SECURITY_POLICY).not.toContain('unsafe');
    expect(page).not.toMatch(/ style=| on\w+=/);
  });

  it('grows by the text of a link and little more for each', () => {
    const link = `vless://id@192.0.2.1:443?sni=${'x'.repeat(200)}#Paris`;
    const size = (count: number) =>
      Buffer.byteLength(writePage(pageView(source({}, { links: new Array<string>(count).fill(link) }))));
    expect((size(800) - size(0)) / 800).toBeLessThan(link.length * 2 + 700);
  });

  it('is a few kilobytes beside its QR codes', () => {
    const page = writePage(pageView(source())).replace(/<svg[^]*?<\/svg>/g, '');
    expect(Buffer.byteLength(page)).toBeLessThan(12_000);
  });
});
