import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compileEntries,
  DEFAULT_TEMPLATES,
  type DocumentFormat,
  type Host,
  writeDocument,
} from '../../src/client-configs/index.js';
import { operatorTemplates } from '../../src/features/subscription/templates/operator-templates.js';
import type { JsonObject, ResolvedInbound } from '../../src/xray/config/types.js';
import { dryRun } from '../../src/xray/process/dry-run.js';
import { clientCore } from '../support/client-cores.js';
import { first, newHost, newInbound, newSubscriber, now, surroundings } from '../support/client-configs.js';
import { xrayForTests } from '../support/xray.js';

const [xray, singBox, mihomo] = await Promise.all([
  xrayForTests(),
  clientCore('sing-box'),
  clientCore('mihomo'),
]);

/** What has spoilt documents before, or might: characters alone and in words, and words that mean something. */
const CHARACTERS =
  '\u2028\u2029\u007f\u0080\u0085\u009f\ufeff\ufffe\uffff\u200e\u202e\u0001\u001b\t\n\r%?#&:/\\"\'`|>!@*';
const WORDS = [
  '',
  ' ',
  '~',
  'null',
  'y',
  'off',
  '0x1f',
  '1e3',
  '1_000',
  '2026-01-01',
  '- a',
  'a: b',
  'a #b',
  '---',
  '...',
];
const MORE = [
  '<<',
  '{{x}}',
  '[a',
  '🇮🇷 🚀',
  'سلام',
  '\u0041\u030a',
  '/%zz',
  '/%00',
  '//h/p?ed=5#f',
  ':80/x',
  '::1',
  '[::1',
  'a b',
  'a\0b',
];
const KNOWN = [...WORDS, ...MORE, ...[...CHARACTERS].flatMap((character) => [character, `/a${character}b`])];
const DRAWN = fc.sample(fc.string({ unit: 'binary', maxLength: 12 }), { numRuns: 150, seed: 9 });
// Braces are variables, commas and asterisks lists and salts.
const TEXTS = [...KNOWN, ...DRAWN].map((text) => text.replace(/[{}*]/g, ''));

const INBOUNDS: Partial<ResolvedInbound>[] = [
  { network: 'tcp', headerType: 'http', protocol: 'vmess' },
  { network: 'ws', tls: 'tls' },
  { network: 'httpupgrade' },
  { network: 'grpc', tls: 'tls' },
  {
    network: 'xhttp',
    xhttp: {
      scMaxEachPostBytes: 1_000_000,
      scMaxConcurrentPosts: 100,
      scMinPostsIntervalMs: 30,
      xPaddingBytes: '100-1000',
      xmux: {},
      mode: 'auto',
      noGRPCHeader: false,
      keepAlivePeriod: 0,
    },
  },
  { protocol: 'trojan', network: 'ws', tls: 'tls' },
  { protocol: 'shadowsocks' },
];

/** A document with entries of every kind that have the texts wherever an operator may write one. */
function documentOf(format: DocumentFormat, texts: readonly string[]): string {
  const entries = texts.flatMap((text) => {
    const inbounds = INBOUNDS.map((inbound, i) => newInbound({ tag: String(i), ...inbound }));
    const host: Partial<Host> = {
      remark: text,
      address: [text || 'a.test'],
      sni: [text],
      host: [text],
      path: text,
    };
    const hostsByTag = new Map(inbounds.map(({ tag }) => [tag, [newHost(host)]]));
    return compileEntries({ inbounds, hostsByTag }, surroundings)(newSubscriber(), now, first);
  });
  return writeDocument(format, entries, format.startsWith('clash') ? TEMPLATES : DEFAULT_TEMPLATES, first);
}

/** A template that writes all of it by the filter. */
const TEMPLATES = operatorTemplates(
  new Map([['clash/default.yml', '{{ conf | yaml }}\nnames:\n{{ proxy_remarks | yaml }}']]),
  { clash: 'clash/default.yml' } as never,
  (name, reason) => {
    throw new Error(`${name}: ${reason}`);
  },
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-cores-text-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a core says against the texts: those that it refuses of many at once, found by halves. */
async function refused(
  check: (texts: readonly string[]) => Promise<string | undefined>,
  texts: readonly string[],
): Promise<[string, string][]> {
  const reason = await check(texts);
  if (reason === undefined) return [];
  if (texts.length === 1) return [[JSON.stringify(texts[0]), reason.slice(-300)]];
  const half = Math.ceil(texts.length / 2);
  const one = await refused(check, texts.slice(0, half));
  return one.length > 5 ? one : [...one, ...(await refused(check, texts.slice(half)))];
}

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'config');
  await writeFile(file, text);
  return file;
}

describe('no text of an operator spoils a document', () => {
  it.skipIf(!singBox)('for sing-box', { timeout: 120_000 }, async () => {
    const check = async (texts: readonly string[]) => singBox!(await fileWith(documentOf('sing-box', texts)));
    expect(await refused(check, TEXTS)).toEqual([]);
  });

  it.skipIf(!mihomo)('for mihomo', { timeout: 120_000 }, async () => {
    const check = async (texts: readonly string[]) =>
      mihomo!(await fileWith(documentOf('clash-meta', texts)));
    expect(await refused(check, TEXTS)).toEqual([]);
  });

  it.skipIf(!xray)('for Xray', { timeout: 120_000 }, async () => {
    const check = async (texts: readonly string[]) => {
      const configs = JSON.parse(documentOf('v2ray-json', texts)) as { outbounds: JsonObject[] }[];
      const outbounds = configs
        .flatMap((config) => config.outbounds)
        .map((proxy, i) => ({ ...proxy, tag: `${i}` }));
      return dryRun(xray!, JSON.stringify({ outbounds }), undefined);
    };
    expect(await refused(check, TEXTS)).toEqual([]);
  });
});
