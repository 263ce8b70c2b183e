import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import axe from 'axe-core';
import jsqr from 'jsqr';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { browserForTests, launchBrowser } from '../support/browser.js';

/** Where to leave pictures of the page, for people to look at. */
const PICTURES = process.env.SCREENSHOTS;
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 2,
};
const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };
const SMALLEST: BrowserContextOptions = { viewport: { width: 320, height: 568 } };

const executable = await browserForTests();
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');

interface Shown {
  links: string[];
  subscription_url: string;
}

describe.skipIf(executable === undefined)('the page of a subscription, in a browser,', () => {
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    app = await startApp();
    browser = await launchBrowser(executable!);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  async function createUser(username: string, more: object = {}): Promise<Shown> {
    const reply = await app.sudo.post('/api/user', {
      username,
      proxies: { vless: {}, vmess: {}, shadowsocks: {} },
      data_limit: 10 * 1024 ** 3,
      data_limit_reset_strategy: 'month',
      expire: Math.floor(Date.now() / 1000) + 23.5 * 86_400,
      ...more,
    });
    expect(reply.status).toBe(200);
    return reply.json as Shown;
  }

  /** Opens the page; `troubles` collects what no visit may cause: errors, and requests for anything but the page. */
  async function visit(
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; troubles: string[] }> {
    const context = await browser.newContext({ locale: 'en', ...options });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const isOwn = new URL(request.url()).pathname === path || request.url() === 'data:,';
      if (!isOwn) troubles.push(`request: ${request.url()}`);
    });
    const reply = await page.goto(app.url + path);
    expect(reply!.status()).toBe(200);
    return { page, troubles };
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }

  /** What a camera reads off the screen. */
  async function scan(code: Locator): Promise<string | undefined> {
    await code.scrollIntoViewIfNeeded();
    const { data, width, height } = PNG.sync.read(await code.screenshot());
    return jsqr.default(new Uint8ClampedArray(data), width, height)?.data;
  }

  /** What axe finds to be in somebody's way, with the elements. */
  async function barriers(page: Page): Promise<string[]> {
    await page.evaluate(axeSource); // evaluated by the debugger, so the page's policy does not matter
    const { violations } = await page.evaluate(async () =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    );
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ target }) => `${impact} ${id} ${String(target)}`),
    );
  }

  const LOOKS = [
    ['a phone, light', 'en', PHONE, 'light'],
    ['a phone, dark', 'en', PHONE, 'dark'],
    ['a desktop, light', 'en', DESKTOP, 'light'],
    ['a desktop, dark', 'en', DESKTOP, 'dark'],
    ['the smallest phone', 'ru', SMALLEST, 'light'],
    ['a phone, Persian', 'fa', PHONE, 'dark'],
    ['a desktop, Persian', 'fa', DESKTOP, 'light'],
    ['a phone, Chinese', 'zh', PHONE, 'light'],
  ] as const;

  it.each(LOOKS)(
    'on %s is whole, quiet and open to everybody',
    async (name, locale, device, colorScheme) => {
      for (const kind of ['active', 'disabled', 'on_hold']) {
        const username = `${kind}_${LOOKS.findIndex(([other]) => other === name)}`;
        const held = { status: 'on_hold', expire: 0, on_hold_expire_duration: 30 * 86_400 };
        const { subscription_url: path } = await createUser(username, kind === 'on_hold' ? held : {});
        if (kind === 'disabled') await app.sudo.put(`/api/user/${username}`, { status: 'disabled' });
        const { page, troubles } = await visit(path, { ...device, locale, colorScheme });
        for (const summary of await page.locator('summary').all()) await summary.click();
        await picture(page, `${name} ${kind}`.replace(/\W+/g, '-'));
        expect(await barriers(page)).toEqual([]);
        const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        expect(width).toBeLessThanOrEqual(room!);
        expect(await page.locator('html').getAttribute('dir')).toBe(locale === 'fa' ? 'rtl' : 'ltr');
        expect(troubles).toEqual([]);
        await page.context().close();
      }
    },
    60_000,
  );

  it.each([
    ['a phone', PHONE, 'light'],
    ['a dark desktop', DESKTOP, 'dark'],
  ] as const)(
    'shows QR codes of all addresses that a camera can read off %s',
    async (_, device, colorScheme) => {
      const { links, subscription_url: path } = await createUser(`scanned_${colorScheme}`);
      const { page } = await visit(path, { ...device, colorScheme });
      expect(await scan(page.locator('.subscription .qr'))).toBe(app.url + path);
      const fetched = await page.evaluate(() =>
        performance.getEntriesByType('resource').map(({ name }) => name),
      );
      expect(fetched.filter((name) => name.includes('?qr='))).toEqual([]); // all are closed
      const entries = await page.locator('.links li').all();
      expect(entries).toHaveLength(links.length);
      expect(links.length).toBeGreaterThan(2);
      for (const [i, entry] of entries.entries()) {
        await entry.locator('summary').click();
        await expect.poll(() => scan(entry.locator('.qr'))).toBe(links[i]); // it is fetched now
        expect(await entry.locator('.url').textContent()).toBe(links[i]);
      }
      await page.context().close();
    },
    60_000,
  );

  it('copies addresses, and says so for a moment', async () => {
    const { links, subscription_url: path } = await createUser('copied');
    const { page } = await visit(path, { permissions: ['clipboard-read', 'clipboard-write'] });
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    const button = page.locator('button.main');
    await button.click();
    await expect.poll(() => button.textContent()).toBe('Copied');
    expect(await clipboard()).toBe(app.url + path);
    await expect.poll(() => button.textContent(), { timeout: 5000 }).toBe('Copy');
    await page.locator('.links button').first().click();
    await expect.poll(clipboard).toBe(links[0]);
    await page.context().close();
  });

  it('copies also where a browser has no clipboard for pages', async () => {
    const { subscription_url: path } = await createUser('copied_anyway');
    const { page } = await visit(path);
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.addEventListener('copy', () => {
        document.title = String((document.activeElement as HTMLTextAreaElement).value);
      });
    });
    await page.locator('button.main').click();
    await expect.poll(() => page.title()).toBe(app.url + path);
    await expect.poll(() => page.locator('button.main').textContent()).toBe('Copied');
    await page.context().close();
  });

  it('shows everything but the copy buttons without scripts', async () => {
    const { links, subscription_url: path } = await createUser('scriptless');
    const { page, troubles } = await visit(path, { javaScriptEnabled: false });
    expect(await page.locator('button:visible').count()).toBe(0);
    expect(await page.locator('.subscription .url').textContent()).toBe(app.url + path);
    await page.locator('summary').first().click();
    expect(await page.locator('.links .qr').first().isVisible()).toBe(true);
    expect(await page.locator('.links .url').first().textContent()).toBe(links[0]);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('changes its language by the links at its end', async () => {
    const { subscription_url: path } = await createUser('polyglot');
    const { page } = await visit(path);
    for (const [name, language, direction] of [
      ['فارسی', 'fa', 'rtl'],
      ['Русский', 'ru', 'ltr'],
      ['中文', 'zh', 'ltr'],
      ['English', 'en', 'ltr'],
    ]) {
      await page.getByRole('link', { name, exact: true }).click();
      await page.waitForURL(`**${path}?lang=${language}`);
      const html = page.locator('html');
      expect([await html.getAttribute('lang'), await html.getAttribute('dir')]).toEqual([
        language,
        direction,
      ]);
    }
    await page.context().close();
  });

  it('lets no script run that is not its own', async () => {
    const { subscription_url: path } = await createUser('attacked');
    const { page } = await visit(path);
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = true';
      document.body.append(script);
      const image = new Image();
      image.setAttribute('onerror', 'globalThis.ran = true');
      image.src = 'data:,broken';
      document.body.append(image);
      const sent = await fetch('/').then(
        () => true,
        () => false,
      );
      return { ran: 'ran' in globalThis, sent };
    });
    expect(ran).toEqual({ ran: false, sent: false });
    await page.context().close();
  });
});
