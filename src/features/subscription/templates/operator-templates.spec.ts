import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import {
  first,
  newHost,
  newInbound,
  newSubscriber,
  now,
  surroundings,
} from '../../../../test/support/client-configs.js';
import { compileEntries, type DocumentFormat, writeDocument } from '../../../client-configs/index.js';
import type { JsonObject } from '../../../xray/config/index.js';
import { Jinja } from './jinja.js';
import { operatorTemplates } from './operator-templates.js';
import { SAMPLE_USER } from './samples.js';

const NAMES = {
  clash: 'clash/default.yml',
  clashSettings: 'clash/settings.yml',
  singBox: 'singbox/default.json',
  singBoxSettings: 'singbox/settings.json',
  xray: 'v2ray/default.json',
  xraySettings: 'v2ray/settings.json',
  mux: 'mux/default.json',
  userAgents: 'user_agent/default.json',
  grpcUserAgents: 'user_agent/grpc.json',
  page: 'subscription/index.html',
  home: 'home/index.html',
};

const entries = compileEntries(
  {
    inbounds: [
      newInbound({ tag: 'VMESS WS', protocol: 'vmess', port: 80, network: 'ws', path: '/' }),
      newInbound({ tag: 'SS', protocol: 'shadowsocks', port: 1080 }),
    ],
    hostsByTag: new Map([
      ['VMESS WS', [newHost({ remark: 'a', muxEnable: true }), newHost({ remark: 'b' })]],
      ['SS', [newHost({ remark: 'c', muxEnable: true })]],
    ]),
  },
  surroundings,
);
const alice = newSubscriber({
  proxies: {
    vmess: { id: '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53' },
    shadowsocks: { password: 'LwYcn2PpCVWkDzAgFpDrSQ', method: 'chacha20-ietf-poly1305' },
  },
});

/** The document with these templates, and which of them were broken. */
function documentWith(
  format: DocumentFormat,
  files: Record<string, string>,
): { text: string; broken: string[] } {
  const broken: string[] = [];
  const templates = operatorTemplates(new Map(Object.entries(files)), NAMES, (name, reason) =>
    broken.push(`${name}: ${reason}`),
  );
  return { text: writeDocument(format, entries(alice, now, first), templates, first), broken };
}

function read(format: string, text: string): JsonObject {
  return (format.startsWith('clash') ? parse(text) : JSON.parse(text)) as JsonObject;
}

interface Row {
  name: string;
  files: Record<string, string>;
  expected: Partial<Record<DocumentFormat, JsonObject>>;
}

const golden = new URL('../../../../test/golden/subscription/templates.json', import.meta.url);
const { rows } = JSON.parse(readFileSync(golden, 'utf8')) as { rows: Row[] };

/** The recorded document with the differences of all documents: no multiplexing that is off, no advertisement. */
function mend(recorded: JsonObject): JsonObject {
  const text = JSON.stringify(recorded, (key, value: unknown) => {
    if (key === 'email') return undefined;
    const isOff = (value as { enabled?: boolean } | null)?.enabled === false;
    return (key === 'multiplex' || key === 'smux') && isOff ? undefined : value;
  });
  return JSON.parse(text) as JsonObject;
}

describe("operators' templates give what Marzban made of them", () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_, { files, expected }) => {
    for (const [format, recorded] of Object.entries(expected) as [DocumentFormat, JsonObject][]) {
      const { text, broken } = documentWith(format, files);
      expect(broken).toEqual([]);
      expect(read(format, text)).toEqual(mend(recorded));
    }
  });
});

describe('a template', () => {
  it.each([
    ['of wrong Jinja', { 'singbox/default.json': '{% if %}' }],
    ['that is no JSON', { 'singbox/default.json': '{"outbounds": [' }],
    ['that gives no object', { 'singbox/default.json': '[]' }],
    [
      'without an end',
      {
        'singbox/default.json':
          '{% for i in range(10000) %}{% for j in range(10000) %}{% for k in range(10000) %}{% endfor %}{% endfor %}{% endfor %}',
      },
    ],
  ])('%s is told and not used', (_, files) => {
    const { text, broken } = documentWith('sing-box', files);
    expect(broken).toEqual([expect.stringContaining('singbox/default.json: ')]);
    expect(text).toBe(documentWith('sing-box', {}).text);
  });

  it('of Clash that fails for a user gives the built-in config, and is told once', () => {
    const broken: string[] = [];
    const files = new Map([['clash/default.yml', '{{ conf.proxies[5].name.nothing }}']]);
    const templates = operatorTemplates(files, NAMES, (name) => broken.push(name));
    const usual = documentWith('clash', {}).text;
    for (let i = 0; i < 2; i++) {
      expect(writeDocument('clash', entries(alice, now, first), templates, first)).toBe(usual);
    }
    expect(broken).toEqual(['clash/default.yml']);
  });

  it('may include another, whose quotes stay as they are', () => {
    const files = {
      'clash/default.yml': "{% include 'clash/head.yml' %}\n{{ conf | only('proxies') | yaml }}",
      'clash/head.yml': `dns: {enable: yes, it: "{{ 'a"b' | replace('"', "'") }}"}`,
    };
    const { text, broken } = documentWith('clash', files);
    expect(broken).toEqual([]);
    expect(read('clash', text)).toMatchObject({ dns: { enable: true, it: "a'b" }, proxies: [{}, {}, {}] });
  });

  it.each(['null', '5', '"x"', '{}', '[null, 5, {"type": "direct"}]'])(
    'may have %s for outbounds',
    (outbounds) => {
      const files = {
        'singbox/default.json': `{"outbounds": ${outbounds}}`,
        'v2ray/default.json': `{"outbounds": ${outbounds}}`,
      };
      const { outbounds: all } = read('sing-box', documentWith('sing-box', files).text);
      expect((all as JsonObject[]).filter(({ server }) => server !== undefined)).toHaveLength(3);
      expect(JSON.parse(documentWith('v2ray-json', files).text)).toHaveLength(3);
    },
  );

  it('without an end is not tried for each fetch', () => {
    let told = 0;
    const loops = '{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}';
    const render = vi.spyOn(Jinja.prototype, 'render');
    const templates = operatorTemplates(new Map([['clash/default.yml', loops]]), NAMES, () => told++);
    for (let i = 0; i < 3; i++) expect(templates.clash([], [])).toHaveProperty('mode');
    expect(render.mock.calls.length).toBe(1);
    render.mockRestore();
    expect(told).toBe(1);
  }, 30_000);

  it('may have a key twice, as PyYAML takes it', () => {
    const files = { 'clash/default.yml': "port: 1\n{{ conf | only('proxies') | yaml }}\nport: 2" };
    const { text, broken } = documentWith('clash', files);
    expect(broken).toEqual([]);
    expect(read('clash', text).port).toBe(2);
  });

  it('knows the user as Marzban does', () => {
    const page =
      '{{ user.status.value }} {{ user.status.name }} {{ user.status == "active" }} {{ user.online_at | datetime }} ' +
      '{{ user.proxies }} {{ user.links }} {{ user.note }} {{ user.proxies.get("vmess", {}) }}';
    const templates = operatorTemplates(new Map([['subscription/index.html', page]]), NAMES, () => {});
    const id = '00000000-0000-4000-8000-000000000000';
    expect(templates.page(() => ({ ...SAMPLE_USER, note: null, links: ["a'b", 'c'] }))).toBe(
      'active active True 2026-01-01 00:00:00 ' +
        `{<ProxyTypes.VLESS: 'vless'>: VLESSSettings(id=UUID('${id}'), flow='')} ["a'b", 'c'] None {}`,
    );
  });

  it('keeps the words of YAML as PyYAML does', () => {
    const clash =
      'a: y\nb: 2024-01-01\nc: 12345678901234567890\nd: yes\ne: 010\nf: 1_000\ng: 1e3\nh: "yes"\n? n\n: ~';
    const templates = operatorTemplates(new Map([['clash/default.yml', clash]]), NAMES, () => {});
    expect(templates.clash([], [])).toEqual({
      a: 'y',
      b: '2024-01-01',
      c: 12345678901234567890n,
      d: true,
      e: 8,
      f: 1000,
      g: '1e3',
      h: 'yes',
      n: null,
    });
  });

  it('is told of at once, with the line, before a user meets it', () => {
    const told: string[] = [];
    const files = {
      'subscription/index.html': 'a\n{{ user.nothing.more }}',
      'clash/default.yml': 'a: 1\n\n{% do x %}',
      'home/index.html': '{% include "part.html" %}',
      'part.html': '\n{{ 1 / 0 }}',
    };
    const templates = operatorTemplates(new Map(Object.entries(files)), NAMES, (name, reason) =>
      told.push(`${name}: ${reason}`),
    );
    expect(told).toEqual([
      "clash/default.yml: Encountered unknown tag 'do'. (clash/default.yml, line 3)",
      "subscription/index.html: 'UserResponse object' has no attribute 'nothing' (subscription/index.html, line 2)",
      'home/index.html: division by zero (part.html, line 2)',
    ]);
    expect(templates.faults.get('home')).toMatchObject({ file: 'part.html', line: 2 });
  });

  it('of sing-box with a syntax that current cores refuse is used, and told of', () => {
    const profile =
      '{"outbounds": [{"type": "dns", "tag": "dns-out"}], "dns": {"servers": [{"address": "1.1.1.1"}]}}';
    const templates = operatorTemplates(new Map([['singbox/default.json', profile]]), NAMES, () => {});
    expect(templates.warnings.get('singBox')).toEqual([
      'outbounds of type dns (up to 1.12)',
      'dns.servers with an address (up to 1.13)',
    ]);
  });

  it('has the filters and the clock of Marzban', () => {
    const source = `{"log": "{{ 0 | datetime }} {{ 1152 | bytesformat }} {{ now().timestamp() > 1700000000 }}"}`;
    const { text } = documentWith('sing-box', { 'singbox/default.json': source });
    expect(read('sing-box', text).log).toMatch(/^1970-01-01 00:00:00 1\.12 KB true$/i);
  });
});
