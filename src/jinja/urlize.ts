import { spend } from './budget.js';
import { sliceText, textLength } from './values.js';
import { escapeHtml } from './text.js';

const HOST = '[\\p{L}\\p{N}_%-]';
const WEB = new RegExp(
  `^(?:(?:https?://|www\\.)(?:${HOST}+\\.)*(?:[a-z]{2,63}|xn--[\\p{L}\\p{N}_%]{2,59})` +
    `|(?:${HOST}{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)` +
    '|https?://(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[(?:[\\da-f]{0,4}:){2}(?:[\\da-f]{0,4}:?){1,6}\\]))' +
    '(?::\\d{1,5})?(?:[/?#]\\S*)?$',
  'iu',
);
const MAIL = /^\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+$/u;
const PAIRS = [
  ['(', ')'],
  ['<', '>'],
  ['&lt;', '&gt;'],
] as const;

export interface UrlizeOptions {
  /** How long the shown text of a link may be. */
  limit: number | undefined;
  rel: string;
  target: string;
  /** Beginnings that make a link, e.g. `tel:`. */
  schemes: readonly string[];
}

const count = (text: string, part: string) => text.split(part).length - 1;

/** Addresses in a text as links. The text was escaped before. */
export function urlize(text: string, { limit, rel, target, schemes }: UrlizeOptions): string {
  const extra = (rel && ` rel="${escapeHtml(rel)}"`) + (target && ` target="${escapeHtml(target)}"`);
  const shown = (link: string) =>
    limit !== undefined && textLength(link) > limit ? `${sliceText(link, 0, limit)}...` : link;

  const linked = (word: string): string => {
    spend(1 + word.length ** 2 / 256); // what the expressions may cost at worst
    if (WEB.test(word)) {
      const href = /^https?:\/\//.test(word) ? word : `https://${word}`;
      return `<a href="${href}"${extra}>${shown(word)}</a>`;
    }
    if (word.startsWith('mailto:') && MAIL.test(word.slice(7)))
      return `<a href="${word}">${word.slice(7)}</a>`;
    if (!/^www\.|^@|:/.test(word) && MAIL.test(word)) return `<a href="mailto:${word}">${word}</a>`;
    const isOther = schemes.some((scheme) => word !== scheme && word.startsWith(scheme));
    return isOther ? `<a href="${word}"${extra}>${word}</a>` : word;
  };

  return text
    .split(/(\s+)/u)
    .map((word) => {
      const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? '';
      let middle = word.slice(head.length);
      let tail = '';
      while (/(?:[)>.,\n]|&gt;)$/.test(middle)) {
        const size = middle.endsWith('&gt;') ? 4 : 1;
        tail = middle.slice(-size) + tail;
        middle = middle.slice(0, -size);
      }
      for (const [open, close] of PAIRS) {
        const opened = count(middle, open);
        if (opened <= count(middle, close)) continue;
        // Brackets within an address belong to it.
        for (let i = Math.min(opened, count(tail, close)); i > 0; i--) {
          const end = tail.indexOf(close) + close.length;
          middle += tail.slice(0, end);
          tail = tail.slice(end);
        }
      }
      return head + linked(middle) + tail;
    })
    .join('');
}
