import type { SourceRow } from '../source/source.js';
import type { Mapped } from './remarks.js';
import { clip, RowReader, toId } from './values.js';

const SECURITIES = ['inbound_default', 'none', 'tls'];
const ALPNS = ['none', 'h3', 'h2', 'http/1.1', 'h3,h2,http/1.1', 'h3,h2', 'h2,http/1.1'];
const FINGERPRINTS = [
  'none',
  'chrome',
  'firefox',
  'safari',
  'ios',
  'android',
  'edge',
  '360',
  'qq',
  'random',
  'randomized',
];
const MAX_PORT = 65_535n;

export interface TargetHost {
  inboundTag: string;
  remark: string;
  address: string;
  port: number | null;
  sni: string | null;
  host: string | null;
  path: string | null;
  security: string;
  alpn: string;
  fingerprint: string;
  allowinsecure: boolean | null;
  isDisabled: boolean;
  muxEnable: boolean;
  fragmentSetting: string | null;
  noiseSetting: string | null;
  randomUserAgent: boolean;
  useSniAsHost: boolean;
}

/**
 * One host; `tags` are those with a row of their own. The order of ids is the order of a tag's hosts.
 * Source: Marzban `app/db/models.py` (`ProxyHost`), which stores `none` for the empty choice of two enumerations.
 */
export function mapHost(row: SourceRow, tags: ReadonlySet<string>): Mapped<TargetHost> {
  const read = new RowReader(
    row,
    'hosts',
    toId(row.id),
    row.remark === null ? null : clip(String(row.remark)),
  );
  const choice = (column: string, known: readonly string[]) => {
    const value = read.text(column) ?? known[0]!;
    return { value, isKnown: known.includes(value), column };
  };
  const security = choice('security', SECURITIES);
  const alpn = choice('alpn', ALPNS);
  const fingerprint = choice('fingerprint', FINGERPRINTS);
  const unknown = [security, alpn, fingerprint].find(({ isKnown }) => !isKnown);
  if (unknown) return read.refused(`${unknown.column} is one nobody knows`, clip(unknown.value));
  const inboundTag = read.text('inbound_tag');
  if (inboundTag === null) return read.dropped('a host of no inbound');
  if (!tags.has(inboundTag)) read.adjusted('of an inbound without a row: it is made', clip(inboundTag));
  const port = read.integer('port');
  const isPort = port === null || (port >= 0n && port <= MAX_PORT);
  if (!isPort) read.adjusted('the port is none: left out, and the host is disabled', String(port));
  return {
    row: {
      inboundTag,
      remark: read.text('remark') ?? '',
      address: read.text('address') ?? '',
      port: isPort && port !== null ? Number(port) : null,
      sni: read.text('sni'),
      host: read.text('host'),
      path: read.text('path'),
      security: security.value,
      alpn: alpn.value === 'none' ? '' : alpn.value,
      fingerprint: fingerprint.value === 'none' ? '' : fingerprint.value,
      allowinsecure: read.boolean('allowinsecure'),
      isDisabled: !isPort || (read.boolean('is_disabled') ?? false),
      muxEnable: read.boolean('mux_enable') ?? false,
      fragmentSetting: read.text('fragment_setting'),
      noiseSetting: read.text('noise_setting'),
      randomUserAgent: read.boolean('random_user_agent') ?? false,
      useSniAsHost: read.boolean('use_sni_as_host') ?? false,
    },
    remarks: read.remarks,
  };
}
