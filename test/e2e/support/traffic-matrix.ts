import type { DeviceCore } from './devices.js';
import {
  ENCRYPTED,
  H3,
  MASKED,
  NEW_CLIENTS,
  OTHER_NAME,
  SHARED,
  STRANGER,
  type TrafficEntry,
} from './traffic-inbounds.js';

/** What became of an entry in a format: a good download, none, or there was no such entry. */
export type Outcome = 'ok' | 'fails' | 'left out';

/** Each format by its name in the API, and a core that reads it. */
export const FORMATS: { format: string; core: DeviceCore; title: string }[] = [
  { format: 'v2ray', core: 'xray', title: 'Links, Xray' },
  { format: 'v2ray-json', core: 'xray', title: 'Xray JSON, Xray' },
  { format: 'sing-box', core: 'sing-box', title: 'sing-box' },
  { format: 'clash-meta', core: 'mihomo', title: 'Clash Meta, mihomo' },
  { format: 'clash', core: 'mihomo', title: 'Clash, mihomo' },
  { format: 'outline', core: 'sing-box', title: 'Outline, sing-box' },
];

export interface Exception {
  formats: string[];
  applies: (entry: TrafficEntry) => boolean;
  outcome: Exclude<Outcome, 'ok'>;
  reason: string;
}

const over =
  (...transports: string[]) =>
  ({ transport }: TrafficEntry) =>
    transports.some((start) => transport.startsWith(start));
const isShadowsocks = ({ protocol }: TrafficEntry) => protocol.startsWith('shadowsocks');
const isClassic = (entry: TrafficEntry) => isShadowsocks(entry) && !entry.protocol.includes('2022');
const isPlain = ({ transport, security }: TrafficEntry) => transport === 'tcp' && security === 'none';

/** What carries no traffic, and why. The first that applies counts; one that is not so (any more) fails the test. */
const EXCEPTIONS: Exception[] = [
  {
    formats: ['outline'],
    applies: (entry) => !(isClassic(entry) && isPlain(entry)),
    outcome: 'left out',
    reason: 'Outline knows classic Shadowsocks without transport and TLS only',
  },
  {
    formats: ['v2ray', 'v2ray-json', 'sing-box', 'clash-meta'],
    applies: ({ security }) => security === STRANGER,
    outcome: 'fails',
    reason:
      'As it must: the device does not trust who signed the certificate, and the host does not ask it to',
  },
  {
    formats: ['v2ray'],
    applies: (entry) => isShadowsocks(entry) && !isPlain(entry),
    outcome: 'left out',
    reason: 'A link of Shadowsocks cannot tell a transport or TLS',
  },
  {
    formats: ['sing-box', 'clash-meta', 'clash'],
    applies: (entry) => isShadowsocks(entry) && !isPlain(entry),
    outcome: 'left out',
    reason: 'Shadowsocks of this core has no transports of Xray and no TLS',
  },
  {
    formats: ['clash'],
    applies: ({ protocol }) => protocol === 'vless',
    outcome: 'left out',
    reason: 'The original Clash has no VLESS; applications with mihomo get Clash Meta',
  },
  {
    formats: ['clash'],
    applies: ({ security }) => security.startsWith('reality'),
    outcome: 'left out',
    reason: 'The original Clash has no REALITY; applications with mihomo get Clash Meta',
  },
  {
    formats: ['sing-box', 'clash-meta', 'clash'],
    applies: over('kcp'),
    outcome: 'left out',
    reason: 'Only Xray has mKCP',
  },
  {
    formats: ['sing-box'],
    applies: over('xhttp', 'splithttp'),
    outcome: 'left out',
    reason: 'sing-box has no XHTTP',
  },
  {
    formats: ['sing-box', 'clash-meta', 'clash'],
    applies: ({ transport }) => transport.includes(MASKED),
    outcome: 'left out',
    reason: 'Only Xray has masks (`finalmask`)',
  },
  {
    formats: ['clash-meta'],
    applies: ({ security }) => security === H3,
    outcome: 'left out',
    reason: 'mihomo has no XHTTP over HTTP/3',
  },
  {
    formats: ['sing-box', 'clash-meta'],
    applies: ({ security }) => security === OTHER_NAME,
    outcome: 'left out',
    reason: 'Only Xray looks for another name in the certificate than it asks for',
  },
  {
    formats: ['sing-box', 'clash-meta'],
    applies: ({ security }) => security === NEW_CLIENTS,
    outcome: 'left out',
    reason: 'Other cores call themselves an Xray of 1.8, which the server does not let in',
  },
  {
    formats: ['clash-meta'],
    applies: ({ transport }) => transport.includes(SHARED),
    outcome: 'fails',
    reason:
      'The entry has the settings by mihomo’s names for them, but they are newer than the mihomo of this test',
  },
  {
    formats: ['clash-meta', 'clash'],
    applies: (entry) => entry.protocol !== 'vless' && over('xhttp', 'splithttp')(entry),
    outcome: 'left out',
    reason: 'mihomo has XHTTP for VLESS only',
  },
  {
    formats: ['sing-box'],
    applies: (entry) => entry.security !== 'none' && over('tcp with http header')(entry),
    outcome: 'left out',
    reason: 'sing-box speaks HTTP/2 over TLS, and the header of Xray is of HTTP/1.1',
  },
  {
    formats: ['sing-box'],
    applies: ({ transport }) => transport.includes(ENCRYPTED),
    outcome: 'left out',
    reason: 'sing-box has no encryption of VLESS',
  },
  {
    formats: ['sing-box'],
    applies: ({ transport }) => /^grpc .* on a path/.test(transport),
    outcome: 'left out',
    reason: 'sing-box has gRPC service names only, no paths',
  },
  {
    formats: ['clash-meta', 'clash'],
    applies: ({ protocol, security }) => protocol === 'trojan' && security === 'none',
    outcome: 'left out',
    reason: 'Trojan of mihomo is always over TLS',
  },
  {
    formats: ['clash-meta', 'clash'],
    applies: (entry) => entry.protocol === 'trojan' && over('tcp with http header')(entry),
    outcome: 'left out',
    reason: 'Trojan of mihomo has no HTTP header',
  },
];

/** Why the entry carries no traffic in this format, if so. */
export function exceptionFor(format: string, entry: TrafficEntry): Exception | undefined {
  return EXCEPTIONS.find(({ formats, applies }) => formats.includes(format) && applies(entry));
}

/** The page of the documentation: a table of what was found, with the reasons below it. */
export function clientsPage(entries: readonly TrafficEntry[]): string {
  const reasons = new Map<string, number>();
  const cell = (format: string, entry: TrafficEntry): string => {
    const exception = exceptionFor(format, entry);
    if (!exception) return 'ok';
    if (!reasons.has(exception.reason)) reasons.set(exception.reason, reasons.size + 1);
    return `${exception.outcome} (${reasons.get(exception.reason)})`;
  };
  // Protocols that fare alike share a row.
  const rows = new Map<string, string[]>();
  for (const entry of entries) {
    const cells = FORMATS.map(({ format }) => cell(format, entry));
    const row = [entry.transport, entry.security, ...cells].join(' | ');
    rows.set(row, [...(rows.get(row) ?? []), entry.protocol]);
  }
  const titles = ['Protocol', 'Transport', 'Security', ...FORMATS.map(({ title }) => title)];
  return [
    '# What carries traffic in which client',
    '',
    'Each entry of a subscription, in each format, used by the core of the applications that read it. `npm test` sets the',
    'inbounds up through the API on a real Xray, fetches the subscription and downloads 1 MB over every entry, with the hash',
    'checked; this page is what it found. "Left out": the format has no such entry, since its core could not use it.',
    '',
    'TLS is checked against an authority of the test, REALITY borrows from a web site of the test. "Unchecked" is a',
    'certificate that signs itself, with `allowinsecure` in the host: Xray gets its hash instead.',
    '',
    `| ${titles.join(' | ')} |`,
    `|${'---|'.repeat(titles.length)}`,
    ...[...rows].map(([row, protocols]) => `| ${protocols.join(', ')} | ${row} |`),
    '',
    ...[...reasons].map(([reason, number]) => `${number}. ${reason}.`),
    '',
    '## Limits of the cores themselves',
    '',
    '- Xray over `httpupgrade` with `?ed=` in the path: now and then a connection stays silent.',
    '- Xray as a plain HTTP proxy (not `CONNECT`) over VLESS with WebSocket: an answer that ends with the connection may be',
    '  cut short. Applications use tunnels.',
    '- gRPC: only Xray has the multi mode; other cores use the stream of the gun mode, which every server has as well.',
    '',
  ].join('\n');
}
