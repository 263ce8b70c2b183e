import { createHash } from 'node:crypto';
import { Markup, markup } from './markup.js';
import { fitsQrCode, qrCode } from './qr-code.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import type { Fact, PageView } from './view.js';

/** Only what the page brings itself runs or styles; nothing is loaded but pictures from here, nothing sent or framed. */
export const PAGE_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src '${hash(SCRIPT)}'`,
  `style-src '${hash(STYLE)}'`,
  "img-src 'self' data:", // the QR codes of links; the empty icon, so that browsers look for no other
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join(';');

/** From this share of the limit on, the bar warns. */
const NEARLY_FULL = 0.9;

/** The whole page. */
export function writePage(view: PageView): string {
  const { texts, title, username } = view;
  const page = markup`<!doctype html>
    <html lang="${view.language}" dir="${texts.direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${username}</title>
        <link rel="icon" href="data:," />
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <main>
          <header>
            <div>
              <p class="soft">${title}</p>
              <h1><bdi>${username}</bdi></h1>
            </div>
            <p class="badge ${view.status.kind}">${view.status.text}</p>
          </header>
          ${view.status.hint === undefined ? undefined : markup`<p class="hint">${view.status.hint}</p>`}
          <div class="facts">${fact(view.traffic, bar(view.traffic))} ${fact(view.time)}</div>
          ${subscription(view)} ${apps(view)} ${links(view)}
        </main>
        ${footer(view)}
        <script>${new Markup(SCRIPT)}</script>
      </body>
    </html> `;
  return page.text;
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function fact({ label, headline, details }: Fact, between?: Markup): Markup {
  return markup`<section class="fact">
    <h2>${label}</h2>
    <p class="headline">${headline}</p>
    ${between}${details.map((detail) => markup`<p class="soft">${detail}</p>`)}
  </section>`;
}

function bar({ usedShare, label, details }: PageView['traffic']): Markup | undefined {
  if (usedShare === undefined) return undefined;
  const kind = usedShare >= NEARLY_FULL ? 'full' : 'some';
  const perMille = Math.round(usedShare * 1000);
  return markup`<progress
    class="${kind}"
    max="1000"
    value="${perMille}"
    aria-label="${label}: ${details[0]}"
  ></progress>`;
}

function subscription({ texts, subscriptionUrl }: PageView): Markup {
  return markup`<section class="subscription">
    <h2>${texts.subscription}</h2>
    <p class="soft">${texts.scan}</p>
    ${qrCode(subscriptionUrl, texts.qrCode(texts.subscription))}
    <code class="url">${subscriptionUrl}</code>
    ${copyButton(texts, 'main')}
  </section>`;
}

/** Copies the address beside it. Hidden until the script is there to serve it. */
function copyButton(texts: PageView['texts'], kind: 'main' | 'small'): Markup {
  return markup`<button
    hidden
    type="button"
    class="${kind}"
    data-copied="${texts.copied}"
    aria-live="polite"
  >${texts.copy}</button>`;
}

function apps({ texts, apps: list }: PageView): Markup {
  const items = list.map(
    ({ name, platforms, importUrl }) =>
      markup`<li>
        <a class="app" href="${importUrl}"
          >${name}<span><bdi>${platforms}</bdi></span></a>
      </li> `,
  );
  return markup`<section>
    <h2>${texts.apps}</h2>
    <p class="soft">${texts.appsHint}</p>
    <ul class="apps">
      ${items}
    </ul>
  </section>`;
}

function links({ texts, links: list }: PageView): Markup | undefined {
  if (list.length === 0) return undefined;
  const items = list.map(
    ({ name, protocol, url }) =>
      markup`<li>
        <details>
          <summary><bdi>${name}</bdi> <span class="protocol">${protocol}</span></summary>
          ${qrImage(url, texts.qrCode(name))}
          <code class="url">${url}</code>
        </details>
        ${copyButton(texts, 'small')}
      </li> `,
  );
  return markup`<section class="links-card">
    <h2>${texts.links}</h2>
    <ul class="links">
      ${items}
    </ul>
  </section>`;
}

/** Drawn when the details are opened: an account can have hundreds of links, and nobody scans them all. */
function qrImage(url: string, label: string): Markup | undefined {
  if (!fitsQrCode(url)) return undefined;
  const wellFormed = Buffer.from(url).toString(); // half a character would throw
  return markup`<img class="qr" loading="lazy" alt="${label}" src="?qr=${encodeURIComponent(wellFormed)}" />`;
}

function footer({ texts, supportUrl, languages, language: own }: PageView): Markup {
  const items = languages.map(({ language, name }) =>
    language === own
      ? markup`<a href="?lang=${language}" lang="${language}" aria-current="true">${name}</a> `
      : markup`<a href="?lang=${language}" lang="${language}">${name}</a> `,
  );
  const support = supportUrl === undefined ? undefined : markup`<a href="${supportUrl}">${texts.support}</a>`;
  return markup`<footer>
    ${support}
    <nav aria-label="${texts.languages}">${items}</nav>
  </footer>`;
}
