import {
  flowOn,
  type Protocol,
  type Proxies,
  type ResolvedInbound,
  transportName,
  writeJson,
} from '../xray/config/index.js';
import { type EntryPlan, planEntries } from './entries.js';
import { mayUse, shadowsocksKeys } from './entry.js';
import { base64, encodeFragment, encodeUserInfo, escapeJson, percentEncode, sortedJson } from './escape.js';
import { isMasked } from './needs.js';
import { certificatePins } from './pins.js';
import { changed, concat, encoded, fixed, type Part, render, type Text, Turn } from './text.js';
import type { Dice, PublishedInbounds, Subscriber, Surroundings } from './types.js';
import { xhttpExtra } from './xhttp.js';

/**
 * Prepares the share links (`vless://…`) of all users: everything that does not depend on the user is written here,
 * once. The returned function gives a user's links in the order of the core config, whatever the user's status.
 * Source: Marzban `app/subscription/v2ray.py`; differences are listed in `docs/compatibility.md`.
 */
export function compileShareLinks(
  published: PublishedInbounds,
  surroundings: Surroundings,
): (user: Subscriber, now: Date, dice: Dice) => string[] {
  const links = planEntries(published, surroundings)
    .plans.filter(hasLink)
    .map((plan) => ({ inbound: plan.inbound, text: shareLink(plan) }));
  return (user, now, dice) => {
    const turn = new Turn(user, now, dice, surroundings);
    const result: string[] = [];
    for (const { inbound, text } of links) if (mayUse(user, inbound)) result.push(render(text, turn));
    if (surroundings.externalConfig !== '') result.push(surroundings.externalConfig);
    return result;
  };
}

/** Whether a link can tell all of the entry: one of Shadowsocks is for plain TCP and UDP. */
function hasLink({ inbound, network, security }: EntryPlan): boolean {
  if (inbound.protocol !== 'shadowsocks') return true;
  const isPlain = transportName(network) === 'raw' && inbound.headerType !== 'http' && security === 'none';
  return isPlain && !isMasked(inbound);
}

function shareLink(plan: EntryPlan): Text {
  switch (plan.inbound.protocol) {
    case 'vless': {
      const id = credential('vless', (proxy) => proxy.id.toLowerCase());
      return concat(
        'vless://',
        id,
        '@',
        server(plan),
        `?encryption=${plan.inbound.encryption ?? 'none'}&`,
        query(plan, flow(plan)),
        remark(plan),
      );
    }
    case 'trojan': {
      const password = credential('trojan', (proxy) => encodeUserInfo(proxy.password));
      return concat('trojan://', password, '@', server(plan), '?', query(plan), remark(plan)); // cores removed its flow
    }
    case 'vmess':
      return concat('vmess://', changed(vmessJson(plan), base64));
    case 'shadowsocks':
      return concat(
        'ss://',
        credential('shadowsocks', shadowsocksAccount(plan.inbound)),
        '@',
        server(plan),
        remark(plan),
      );
  }
}

/** A part made from the user's proxy; the link is not written for a user who has none. */
function credential<P extends Protocol>(
  protocol: P,
  write: (proxy: NonNullable<Proxies[P]>) => string,
): Part {
  return ({ user }) => write(user.proxies[protocol]!);
}

/** `method:password`, in base64. */
function shadowsocksAccount(inbound: ResolvedInbound) {
  return (proxy: NonNullable<Proxies['shadowsocks']>): string => {
    const { method, password } = shadowsocksKeys(inbound, proxy);
    return base64(`${method}:${password}`);
  };
}

function server({ address, port }: EntryPlan): Text {
  return concat(
    changed(address, (value) => (value.includes(':') ? `[${value}]` : value)),
    ':',
    port,
  );
}

function remark(plan: EntryPlan): Text {
  return concat('#', encoded(plan.remark, encodeFragment));
}

/** The parameters of a vless or trojan link; `flow` is one more, with its leading `&`, or nothing. */
function query(plan: EntryPlan, flow: Text = []): Text {
  return concat(
    `security=${plan.security}`,
    parameter('type', plan.network),
    parameter('headerType', plan.inbound.headerType),
    flow,
    ...transportParameters(plan),
    ...securityParameters(plan),
    ...(plan.inbound.finalmask ? [parameter('fm', writeJson(plan.inbound.finalmask))] : []),
  );
}

function parameter(name: string, value: Text | string): Text {
  return concat(`&${name}=`, encoded([value].flat(), percentEncode));
}

function flow({ inbound, security }: EntryPlan): Text {
  const seen = { ...inbound, tls: security };
  return [
    ({ user }) => {
      const value = flowOn(seen, user.proxies.vless?.flow || inbound.defaultFlow);
      return value ? `&flow=${percentEncode(value)}` : '';
    },
  ];
}

function transportParameters({ inbound, network, path, host }: EntryPlan): Text[] {
  switch (network) {
    case 'grpc':
      return [
        parameter('serviceName', path),
        parameter('authority', host),
        parameter('mode', grpcMode(inbound)),
      ];
    case 'quic':
      return [parameter('key', path), parameter('quicSecurity', host)];
    case 'kcp':
      return [parameter('seed', path), parameter('host', host)];
    default: {
      const parameters = [parameter('path', path), parameter('host', host)];
      if (inbound.heartbeatPeriod)
        parameters.push(parameter('heartbeatPeriod', String(inbound.heartbeatPeriod)));
      if (inbound.xhttp) {
        parameters.push(parameter('mode', inbound.xhttp.mode));
        parameters.push(parameter('extra', writeJson(xhttpExtra(inbound.xhttp))));
      }
      return parameters;
    }
  }
}

function securityParameters(plan: EntryPlan): Text[] {
  const { security, inbound, dial, sni, shortId, fingerprint } = plan;
  if (security === 'none') return [];
  const parameters = [parameter('sni', sni), parameter('fp', fingerprint)];
  if (security === 'tls') {
    if (plan.alpn) parameters.push(parameter('alpn', plan.alpn));
    if (dial.fragmentSetting) parameters.push(parameter('fragment', dial.fragmentSetting));
    if (dial.allowInsecure) parameters.push(parameter('allowInsecure', '1'));
    parameters.push(changed(pins(plan), (value) => value && `&pcs=${percentEncode(value)}`));
    if (inbound.verifyNames) parameters.push(parameter('vcn', inbound.verifyNames.join()));
    if (inbound.ech) parameters.push(parameter('ech', inbound.ech));
  } else {
    parameters.push(parameter('pbk', inbound.pbk ?? ''), parameter('sid', shortId));
    if (inbound.spx) parameters.push(parameter('spx', inbound.spx));
    if (inbound.pqv) parameters.push(parameter('pqv', inbound.pqv));
  }
  return parameters;
}

/** What newer applications have in the place of `allowInsecure`. */
function pins({ inbound, dial, sni }: EntryPlan): Text {
  if (!inbound.pinned && !(dial.allowInsecure && inbound.selfSigned)) return [];
  return changed(sni, (value) => certificatePins(inbound, dial, value));
}

function vmessJson(plan: EntryPlan): Text {
  const { inbound, security, dial } = plan;
  const text = (value: Text | string): Text => concat('"', encoded([value].flat(), escapeJson), '"');
  const members: Record<string, Text> = {
    add: text(plan.address),
    aid: text('0'),
    host: text(plan.host),
    id: text([credential('vmess', (proxy) => proxy.id.toLowerCase())]),
    net: text(plan.network),
    path: text(plan.path),
    port: plan.port,
    ps: text(plan.remark),
    scy: text('auto'),
    tls: text(security),
    type: text(inbound.xhttp ? inbound.xhttp.mode : inbound.headerType),
    v: text('2'),
  };
  if (dial.fragmentSetting) members.fragment = text(dial.fragmentSetting);
  if (security !== 'none') Object.assign(members, { sni: text(plan.sni), fp: text(plan.fingerprint) });
  if (security === 'tls') {
    if (plan.alpn) members.alpn = text(plan.alpn);
    if (dial.allowInsecure) Object.assign(members, { allowInsecure: ['1'], insecure: text('1') });
    if (fixed(pins(plan)) !== '') members.pcs = text(pins(plan));
    if (inbound.verifyNames) members.vcn = text(inbound.verifyNames.join());
    if (inbound.ech) members.ech = text(inbound.ech);
  }
  if (security === 'reality') {
    Object.assign(members, { pbk: text(inbound.pbk ?? ''), sid: text(plan.shortId) });
    if (inbound.spx) members.spx = text(inbound.spx);
    if (inbound.pqv) members.pqv = text(inbound.pqv);
  }
  if (inbound.finalmask) members.fm = text(writeJson(inbound.finalmask));
  if (plan.network === 'grpc') members.mode = text(grpcMode(inbound));
  if (inbound.xhttp) members.extra = [sortedJson(xhttpExtra(inbound.xhttp))];
  if (inbound.heartbeatPeriod) members.heartbeatPeriod = [String(inbound.heartbeatPeriod)];

  const names = Object.keys(members).sort();
  return concat(
    '{',
    ...names.flatMap((name, i) => [`${i > 0 ? ', ' : ''}"${name}": `, ...members[name]!]),
    '}',
  );
}

function grpcMode(inbound: ResolvedInbound): string {
  return inbound.multiMode ? 'multi' : 'gun';
}
