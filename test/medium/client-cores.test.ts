import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compileEntries,
  DEFAULT_TEMPLATES,
  type DocumentFormat,
  writeDocument,
} from '../../src/client-configs/index.js';
import type { JsonObject } from '../../src/xray/config/types.js';
import { dryRun } from '../../src/xray/process/dry-run.js';
import { clientCore } from '../support/client-cores.js';
import { first, newHost, newInbound, newSubscriber, now, surroundings } from '../support/client-configs.js';
import { publishedIn, recordedCases, subscriberIn } from '../support/recorded-subscriptions.js';
import { xrayForTests } from '../support/xray.js';

const [xray, singBox, mihomo] = await Promise.all([
  xrayForTests(),
  clientCore('sing-box'),
  clientCore('mihomo'),
]);
const cases = recordedCases('share-links').map((recorded) => [recorded.title, recorded] as const);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-cores-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Case = (typeof cases)[number][1];

function documentOf(format: DocumentFormat, recorded: Case): string {
  const entries = compileEntries(publishedIn(recorded), surroundings)(subscriberIn(recorded), now, first);
  return writeDocument(format, entries, DEFAULT_TEMPLATES, first);
}

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'config');
  await writeFile(file, text);
  return file;
}

interface XrayConfig extends JsonObject {
  outbounds: (JsonObject & { streamSettings?: { kcpSettings?: JsonObject } })[];
}

/** What only servers before Xray 26 have, and their clients. */
const isOld = ({ outbounds }: XrayConfig) =>
  outbounds.some(({ streamSettings }) => {
    const { seed, header } = streamSettings?.kcpSettings ?? {};
    return seed !== undefined || header !== undefined;
  });

describe.skipIf(!xray)('Xray takes the configs of', () => {
  it.each(cases)('%s', async (_, recorded) => {
    const configs = JSON.parse(documentOf('v2ray-json', recorded)) as XrayConfig[];
    for (const config of configs.filter((candidate) => !isOld(candidate))) {
      expect([config.remarks, await dryRun(xray!, JSON.stringify(config), undefined)]).toEqual([
        config.remarks,
        undefined,
      ]);
    }
  });
});

describe.skipIf(!singBox)('sing-box takes the profile of', () => {
  it.each(cases)('%s', async (_, recorded) => {
    expect(await singBox!(await fileWith(documentOf('sing-box', recorded)))).toBeUndefined();
  });
});

describe.skipIf(!mihomo)('mihomo takes the configs of', () => {
  it.each(cases)('%s', async (_, recorded) => {
    for (const dialect of ['clash', 'clash-meta'] as const) {
      expect(await mihomo!(await fileWith(documentOf(dialect, recorded)))).toBeUndefined();
    }
  });
});

/** Remarks and paths that operators may write, each of which could spoil a whole document. */
function oddDocument(format: DocumentFormat): string {
  const remarks = [
    '',
    'proxy',
    'direct',
    'Best Latency',
    'DIRECT',
    'REJECT',
    'PASS',
    '♻️ Automatic',
    'r',
    'r',
  ];
  const inbounds = [
    newInbound({ tag: 'A' }),
    ...['ws', 'httpupgrade'].map((network) => newInbound({ tag: network, network })),
  ];
  const hosts = remarks.map((remark) => newHost({ remark }));
  const paths = ['/100%', '/%zz', '/a b?c=d', '//x', ':80/x', 'x'].map((path) => newHost({ path }));
  const hostsByTag = new Map(inbounds.map(({ tag }) => [tag, tag === 'A' ? hosts : paths]));
  const entries = compileEntries({ inbounds, hostsByTag }, surroundings)(newSubscriber(), now, first);
  return writeDocument(format, entries, DEFAULT_TEMPLATES, first);
}

describe('odd names and paths spoil nothing', () => {
  it.skipIf(!singBox)('for sing-box', async () => {
    expect(await singBox!(await fileWith(oddDocument('sing-box')))).toBeUndefined();
  });

  it.skipIf(!mihomo)('for mihomo', async () => {
    expect(await mihomo!(await fileWith(oddDocument('clash-meta')))).toBeUndefined();
  });
});
