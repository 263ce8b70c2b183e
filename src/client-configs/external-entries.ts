import {
  type JsonObject,
  type JsonValue,
  parseJson,
  type Protocol,
  type ResolvedInbound,
  transportName,
} from '../xray/config/index.js';
import { TRANSPORTS } from './entries.js';
import type { Entry, EntryAccount } from './entry.js';
import { knownBrowser } from './needs.js';
import { parsePorts } from './ports.js';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const METHODS =
  /^(?:2022-blake3-(?:aes-(?:128|256)-gcm|chacha20-poly1305)|aes-(?:128|256)-gcm|chacha20-ietf-poly1305)$/;
const FLOWS = ['', 'xtls-rprx-vision'];

/** What a link says, by the names that parameters have in all links but those of vmess. */
interface Link {
  account: EntryAccount;
  address: string;
  port: string;
  remark: string;
  parameters: Record<string, string>;
}

/**
 * The entries of other servers in the operator's own text, one link in each line, for documents; and the lines that are
 * no link of vless, vmess, trojan or Shadowsocks which every core would take: one of them would spoil a document.
 */
export function externalEntries(text: string): { entries: Entry[]; unread: string[] } {
  const lines = text.split(/\s+/).filter((line) => line !== '');
  const entries = new Map(lines.map((line) => [line, entryOf(line)]));
  return {
    entries: [...entries.values()].filter((entry) => entry !== undefined),
    unread: lines.filter((line) => entries.get(line) === undefined),
  };
}

function entryOf(text: string): Entry | undefined {
  try {
    const link = text.startsWith('vmess://') ? vmessLink(text) : uriLink(text);
    return link && isSound(link) ? entryFrom(link) : undefined;
  } catch {
    return undefined; // broken escapes, addresses, base64 or JSON
  }
}

/** Whether no core refuses these, and with them a whole document. */
function isSound({ account, address, port, parameters }: Link): boolean {
  const { type = 'tcp', security = 'none', pbk = '', sid = '', flow = '', pcs = '' } = parameters;
  const hasAccount =
    account.protocol === 'trojan'
      ? account.password !== ''
      : account.protocol === 'shadowsocks'
        ? METHODS.test(account.method) && account.password !== ''
        : UUID.test(account.id);
  return (
    hasAccount &&
    address !== '' &&
    parsePorts(port).length === 1 &&
    /^\d+$/.test(port) &&
    TRANSPORTS.has(transportName(type)) &&
    FLOWS.includes(flow) &&
    /^(?:[\da-f]{64},?)*$/i.test(pcs.replaceAll(':', '')) &&
    (security === 'none' || security === 'tls' || (security === 'reality' && isKey(pbk))) &&
    /^(?:[\da-f]{2}){0,8}$/i.test(sid)
  );
}

function isKey(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

function entryFrom({ account, address, port, remark, parameters }: Link): Entry {
  const { type: network = 'tcp', security = 'none', sni = '', host = '', headerType = '' } = parameters;
  const tls = security as ResolvedInbound['tls'];
  const path = parameters.serviceName ?? parameters.path ?? parameters.seed ?? '';
  const alpn = list(parameters.alpn);
  const transport = network === 'gun' ? 'grpc' : transportName(network);
  const inbound: ResolvedInbound = {
    tag: '',
    protocol: account.protocol,
    port: Number(port),
    network,
    tls,
    sni: [sni],
    host: [host],
    path,
    headerType: headerType === 'none' ? '' : headerType,
    isFallback: false,
    shadowsocksMethod: null,
    defaultFlow: '',
    multiMode: parameters.mode === 'multi',
    ...(account.protocol === 'shadowsocks' &&
      account.method.startsWith('2022') && { shadowsocksServerKey: '' }),
    ...(tls === 'reality' && { pbk: parameters.pbk ?? '', spx: parameters.spx || null }),
    ...(parameters.pqv && { pqv: parameters.pqv }),
    ...(parameters.ech && { ech: parameters.ech }),
    ...(parameters.pcs && { pinned: list(parameters.pcs) }),
    ...(parameters.vcn && { verifyNames: list(parameters.vcn) }),
    ...(parameters.fm && { finalmask: objectIn(parameters.fm) }),
    ...(transport === 'xhttp' && { xhttp: xhttp(parameters) }),
  };
  return {
    inbound,
    dial: {
      remark,
      address: [address],
      port: null,
      sni: [],
      host: [],
      path: null,
      security: 'inbound_default',
      alpn: '',
      fingerprint: '',
      allowInsecure: ['1', 'true'].includes(parameters.allowInsecure ?? parameters.insecure ?? ''),
      muxEnable: false,
      fragmentSetting: null,
      noiseSetting: null,
      randomUserAgent: false,
      useSniAsHost: false,
    },
    account,
    network,
    transport,
    security: tls,
    remark,
    address,
    port: Number(port),
    sni,
    host: parameters.authority ?? host,
    path,
    gunPath: path,
    alpn,
    shortId: parameters.sid ?? '',
    fingerprint: knownBrowser(parameters.fp ?? ''),
  };
}

function xhttp({ mode = '', extra = '' }: Record<string, string>): NonNullable<ResolvedInbound['xhttp']> {
  return {
    scMaxEachPostBytes: 1_000_000,
    scMaxConcurrentPosts: 100,
    scMinPostsIntervalMs: 30,
    xPaddingBytes: '100-1000',
    xmux: {},
    mode: mode || 'auto',
    noGRPCHeader: false,
    keepAlivePeriod: 0,
    ...(extra && { extra: objectIn(extra) }),
  };
}

/** `vless://id@server:port?…#remark`, the same of trojan, and `ss://base64@server:port#remark`. */
function uriLink(text: string): Link | undefined {
  const url = new URL(text);
  const protocol = { 'vless:': 'vless', 'trojan:': 'trojan', 'ss:': 'shadowsocks' }[url.protocol] as
    Protocol | undefined;
  const parameters = Object.fromEntries([...url.searchParams].filter(([, value]) => value !== ''));
  const account = protocol && accountOf(protocol, url, parameters);
  if (!account) return undefined;
  return {
    account,
    address: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ''),
    port: url.port,
    remark: decodeURIComponent(url.hash.slice(1)),
    parameters,
  };
}

function accountOf(
  protocol: Protocol,
  { username, password }: URL,
  { flow = '', encryption = 'none', plugin }: Record<string, string>,
): EntryAccount | undefined {
  const name = decodeURIComponent(username);
  const both = password === '' ? name : `${name}:${decodeURIComponent(password)}`;
  if (protocol === 'vless') return { protocol, id: name.toLowerCase(), flow, encryption };
  if (protocol === 'trojan') return { protocol, password: both };
  if (plugin !== undefined) return undefined; // which is another program
  const [method = '', ...key] = (both.includes(':') ? both : decoded(name)).split(':');
  return { protocol: 'shadowsocks', method, password: key.join(':') };
}

/** `vmess://` and an object in base64. */
function vmessLink(text: string): Link {
  const members = objectIn(decoded(text.slice('vmess://'.length)));
  const value = (name: string) => asText(members[name]);
  const isXhttp = transportName(value('net')) === 'xhttp';
  const parameters = {
    type: value('net'),
    security: value('tls'),
    headerType: isXhttp ? '' : value('type'),
    mode: isXhttp ? value('type') : value('mode'),
    ...Object.fromEntries(
      [
        'path',
        'host',
        'sni',
        'fp',
        'alpn',
        'pbk',
        'sid',
        'spx',
        'pqv',
        'ech',
        'pcs',
        'vcn',
        'fm',
        'extra',
      ].map((name) => [name, value(name)]),
    ),
    allowInsecure: value('allowInsecure') || value('insecure'),
  };
  return {
    account: { protocol: 'vmess', id: value('id').toLowerCase() },
    address: value('add').replace(/^\[|\]$/g, ''),
    port: value('port'),
    remark: value('ps'),
    parameters: Object.fromEntries(Object.entries(parameters).filter(([, member]) => member !== '')),
  };
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString(); // in either alphabet
}

function asText(value: JsonValue | undefined): string {
  if (typeof value === 'object') return value === null ? '' : JSON.stringify(value);
  return value === undefined ? '' : String(value);
}

function objectIn(json: string): JsonObject {
  const value = parseJson(json);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new TypeError('It is no object');
}

function list(text = ''): string[] {
  return text.split(',').filter((member) => member !== '');
}
