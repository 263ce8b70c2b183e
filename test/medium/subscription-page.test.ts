import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'user-agent': 'Mozilla/5.0' };

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ trustedProxies: ['127.0.0.1'] });
});
afterAll(() => app?.close());

interface ShownUser {
  links: string[];
  subscription_url: string;
  sub_updated_at: string | null;
}

async function createUser(username: string, more: object = {}): Promise<ShownUser> {
  const reply = await app.sudo.post('/api/user', { username, proxies: { vless: {}, vmess: {} }, ...more });
  expect(reply.status).toBe(200);
  return reply.json as ShownUser;
}

async function open(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(app.url + path, { method, headers: { ...BROWSER, ...headers } });
}

describe('the page', () => {
  it.each(['', '/'])(
    'is what a browser gets at the address%s, without the headers of a subscription',
    async (end) => {
      const { subscription_url: path } = await createUser(`browser_${end.length}`);
      const reply = await open(path + end);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(await reply.text()).toMatch(/^<!doctype html>/);
      for (const name of ['content-disposition', 'subscription-userinfo', 'profile-title', 'etag']) {
        expect(reply.headers.get(name)).toBeNull();
      }
      expect(reply.headers.get('cache-control')).toBe('private, no-store');
      expect(reply.headers.get('referrer-policy')).toBe('no-referrer'); // the address is a secret
      expect(reply.headers.get('content-security-policy')).toMatch(
        /^default-src 'none';script-src 'sha256-[\w+/=]+';style-src 'sha256-[\w+/=]+';/,
      );
    },
  );

  it.each([
    ['text/html', 'Clash-Verge/2', 'text/html; charset=utf-8'],
    ['application/json, text/html;q=0.1', 'v2rayNG/1.9', 'text/html; charset=utf-8'],
    ['TEXT/HTML', 'v2rayNG/1.9', 'text/plain; charset=utf-8'],
    ['*/*', 'Mozilla/5.0', 'text/plain; charset=utf-8'],
  ])('is for who accepts it: %s of %s gets %s', async (accept, userAgent, contentType) => {
    const { subscription_url: path } = await createUser(`accept_${accept.length}_${userAgent.length}`);
    const reply = await open(path, { accept, 'user-agent': userAgent });
    expect(reply.headers.get('content-type')).toBe(contentType);
  });

  it('is not noted as a fetch', async () => {
    const { subscription_url: path } = await createUser('reader');
    const { subscription_url: other } = await createUser('witness');
    const shown = async (name: string) => (await app.sudo.get(`/api/user/${name}`)).json as ShownUser;
    await open(path);
    await open(other, { accept: '*/*' });
    await expect.poll(async () => (await shown('witness')).sub_updated_at, { timeout: 5000 }).not.toBeNull();
    expect((await shown('reader')).sub_updated_at).toBeNull();
  });

  it('has the QR codes of its links drawn when they are looked at', async () => {
    const { subscription_url: path } = await createUser('drawn');
    const page = await (await open(path)).text();
    expect(page.match(/<svg/g)).toHaveLength(1);
    const [, picture] = /<img class="qr" loading="lazy" alt="[^"]+" src="(\?qr=vless[^"]+)"/.exec(page)!;
    const drawn = await open(path + picture!, { accept: 'image/*' });
    expect([drawn.status, drawn.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    expect(drawn.headers.get('cache-control')).toBe('private, max-age=86400, immutable');
    expect(await drawn.text()).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+"/,
    );
    expect((await open(`/sub/nobody${picture}`)).status).toBe(404);
    expect((await open(`${path}?qr=${'x'.repeat(2954)}`)).status).toBe(404);
  });

  it('answers HEAD with the same headers', async () => {
    const { subscription_url: path } = await createUser('probing_reader');
    const probed = await open(path, {}, 'HEAD');
    expect([probed.status, probed.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await probed.text()).toBe('');
  });

  it.each([
    ['fa-IR,fa;q=0.9', '', 'lang="fa" dir="rtl"'],
    ['ru', '', 'lang="ru" dir="ltr"'],
    ['zh-TW', '', 'lang="zh" dir="ltr"'],
    ['de', '', 'lang="en" dir="ltr"'],
    ['de', '?lang=fa', 'lang="fa" dir="rtl"'],
    ['ru', '?lang=xx', 'lang="ru" dir="ltr"'],
    ['ru', '?lang=fa&lang=zh', 'lang="ru" dir="ltr"'],
  ])('speaks the language of who reads it: %s%s', async (acceptLanguage, query, attributes) => {
    const { subscription_url: path } = await createUser(
      `language_${acceptLanguage.slice(0, 2)}_${query.length}`,
    );
    const reply = await open(path + query, { 'accept-language': acceptLanguage });
    expect(await reply.text()).toContain(`<html ${attributes}>`);
  });

  it('shows the address as it is reached from outside', async () => {
    const { subscription_url: path } = await createUser('outside');
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'panel.example.com' };
    expect(await (await open(path, forwarded)).text()).toContain(
      `<code class="url">https://panel.example.com${path}<`,
    );
  });

  it('shows no address that is none, whatever a proxy hands on', async () => {
    const { subscription_url: path } = await createUser('forged');
    const forged = { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'evil.example/"><script>' };
    const page = await (await open(path, forged)).text();
    expect(page).toContain(`<code class="url">${app.url}${path}<`);
    expect(page).not.toContain('javascript:');
  });

  it.each(['active', 'disabled', 'on_hold'])('is there for a user who is %s', async (status) => {
    const held = { status, on_hold_expire_duration: 86_400 };
    const name = `status_${status}`;
    const { subscription_url: path } = await createUser(name, status === 'on_hold' ? held : {});
    if (status === 'disabled') await app.sudo.put(`/api/user/${name}`, { status });
    const text = await (await open(path)).text();
    expect(text).toContain(`class="badge ${status}"`);
    expect(text.includes('class="url">vless://')).toBe(status !== 'disabled');
  });

  it('is the same 404 for every token that does not count', async () => {
    const { subscription_url: path } = await createUser('revoked');
    await app.sudo.post('/api/user/revoked/revoke_sub');
    const flipped = path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A');
    const bad = [path, flipped, path.slice(0, -3), '/sub/nonsense', `/sub/${'a'.repeat(10_000)}`];
    for (const address of bad) {
      for (const accept of ['text/html', '*/*']) {
        const reply = await open(address, { accept });
        expect([reply.status, await reply.text()]).toEqual([404, '{"detail":"Not Found"}']);
        expect(reply.headers.get('content-type')).toBe('application/json');
      }
    }
  });
});

describe("an operator's page", () => {
  let directory: string;
  let other: TestApp;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pages-'));
    for (const folder of ['subscription', 'home', 'mine']) await mkdir(join(directory, folder));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** What the service shows with this file in the operator's folder. */
  async function shownWith(name: string, template: string, address: string): Promise<Response> {
    await writeFile(join(directory, name), template);
    const { subscription } = app.config;
    const templates = { ...subscription.templates, directory, page: 'mine/page.html' };
    other = await startApp({ subscription: { ...subscription, templates } }, app.connection);
    try {
      const reply = await fetch(other.url + address, { headers: BROWSER });
      return new Response(await reply.text(), reply); // complete, as the service ends here
    } finally {
      await other.close();
    }
  }

  it('is filled as Marzban did, and may load what it likes', async () => {
    const { subscription_url: path, links } = await createUser('templated', {
      data_limit: 10 * 1024 ** 3,
      expire: Math.floor(Date.now() / 1000) + 5 * 86_400 + 60,
      data_limit_reset_strategy: 'week',
      note: 'a note',
    });
    const template = `{% set current = now().timestamp() %}<p class="{{ user.status.value }}">{{ user.username }}</p>
{% if user.status == 'active' %}{{ user.data_limit | bytesformat }} {{ user.used_traffic | bytesformat }}{% endif %}
{% if not user.data_limit_reset_strategy.value == 'no_reset' %}every {{ user.data_limit_reset_strategy.value }}{% endif %}
{{ ((user.expire - current) // (24 * 3600)) | int }} days {{ user.note }} {{ user.admin.username }} {{ user.subscription_url }}
{% for link in user.links %}[{{ link }}]{% endfor %}<script>user.status.value = 1</script>`;
    const reply = await shownWith('mine/page.html', template, path);
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(reply.headers.get('content-security-policy')).toBeNull();
    expect(await reply.text()).toBe(
      `<p class="active">templated</p>\n10.0 GB 0 B\nevery week\n5 days a note root ${path}\n` +
        `${links.map((link) => `[${link}]`).join('')}<script>user.status.value = 1</script>`,
    );
  });

  it.each([
    '{% broken',
    '{{ user.links[99].nothing.more }}',
    '{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}',
  ])('that is broken gives ours: %s', async (template) => {
    const { subscription_url: path } = await createUser(`broken_${template.length}`);
    const reply = await shownWith('mine/page.html', template, path);
    expect([reply.status, await reply.text()]).toEqual([
      200,
      expect.stringContaining('class="badge active"'),
    ]);
    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('may stand at the address of the service, too', async () => {
    const reply = await shownWith('home/index.html', '<h1>{{ 6 * 7 }}</h1>', '/');
    expect([reply.status, await reply.text()]).toEqual([200, '<h1>42</h1>']);
    const broken = await shownWith('home/index.html', '{% broken', '/');
    expect(await broken.text()).toContain('<h1>Margrave</h1>');
  });
});

describe('a fetch', () => {
  /** The last keeps `fetch` from asking for a fresh answer by itself. */
  const PHONE = { accept: '*/*', 'user-agent': 'v2rayNG/1.9', 'cache-control': 'max-age=0' };

  it('of what the client has is answered with 304 and the headers, and noted', async () => {
    const { subscription_url: path } = await createUser('returning');
    const first = await open(path, PHONE);
    const tag = first.headers.get('etag')!;
    expect(tag).toMatch(/^W\/"[\w-]+"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('vary')).toContain('User-Agent');
    for (const method of ['GET', 'HEAD']) {
      const again = await open(path, { ...PHONE, 'if-none-match': `"x", ${tag}` }, method);
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
      expect(again.headers.get('subscription-userinfo')).toBe(first.headers.get('subscription-userinfo'));
    }
    const forced = await open(path, { ...PHONE, 'if-none-match': tag, 'cache-control': 'no-cache' });
    expect(forced.status).toBe(200);
  });

  it('of another format, or of a user who changed, is answered anew', async () => {
    const { subscription_url: path } = await createUser('changing');
    const tagOf = async (headers: Record<string, string> = PHONE) =>
      (await open(path, headers)).headers.get('etag')!;
    const tags = [await tagOf(), await tagOf({ ...PHONE, 'user-agent': 'mihomo/1.19' })];
    tags.push(await tagOf({ ...PHONE, 'user-agent': 'SFA/1.11.0 (400; sing-box 1.11.0)' }));
    tags.push(await tagOf({ ...PHONE, 'user-agent': 'SFA/1.13.0 (600; sing-box 1.13.0)' }));
    await app.sudo.put('/api/user/changing', { data_limit: 5000 });
    tags.push(await tagOf());
    await app.sudo.put('/api/user/changing', { status: 'disabled' });
    tags.push(await tagOf());
    expect(new Set(tags).size).toBe(tags.length);
    expect((await open(path, { ...PHONE, 'if-none-match': tags[0]! })).status).toBe(200);
    expect(await tagOf()).toBe(tags.at(-1));
  });

  it('is answered anew when hosts have changed', async () => {
    const { subscription_url: path } = await createUser('hosted');
    const tagOf = async () => (await open(path, PHONE)).headers.get('etag')!;
    const before = await tagOf();
    const { json: hosts } = await app.sudo.get('/api/hosts');
    const [tag] = Object.keys(hosts as object);
    const [host] = (hosts as Record<string, object[]>)[tag!]!;
    await app.sudo.put('/api/hosts', { [tag!]: [{ ...host, remark: 'Renamed' }] });
    expect(await tagOf()).not.toBe(before);
    expect(await tagOf()).toBe(await tagOf());
  });

  it.each([10_000, 12_000])('survives a user agent of %i characters', async (length) => {
    const { subscription_url: path } = await createUser(`agent_${length}`);
    const reply = await open(path, { accept: '*/*', 'user-agent': 'x'.repeat(length) });
    expect(reply.status).toBe(200);
  });
});
