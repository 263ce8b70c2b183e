import type { KeyObject } from 'node:crypto';
import { accountFor } from './accounts.js';
import { inlineCertificates } from './inline-certificates.js';
import { isObject, object, text, writeJson } from './json.js';
import { isShadowsocks2022, unusedShadowsocks2022Key } from './shadowsocks-2022.js';
import {
  type Account,
  type CoreConfigJson,
  type CoreUser,
  type JsonObject,
  type JsonValue,
  type ResolvedInbound,
} from './types.js';
import { API_INBOUND_TAG, API_TAG } from './validate.js';

export interface CoreConfigParts {
  config: CoreConfigJson;
  /** The managed inbounds of `config`. */
  inbounds: readonly ResolvedInbound[];
  /** Any secret of the installation: keys of accounts that must exist and never be used are made from it. */
  secret: KeyObject;
}

/** Where a core is started, as far as its config depends on that. */
export type CorePlace =
  /** A process of this machine that listens for its API on a Unix socket's path or `host:port`. Anyone who reaches it controls the core. */
  | { apiListen: string }
  /**
   * Another machine, whose agent adds the API by itself. `apiSources` are networks whose calls it lets through beside those
   * of the address it was connected from; `readFile` reads the TLS files of this machine, which travel inside the config.
   */
  | { apiSources: readonly string[]; readFile: (path: string) => string }
  /** A machine whose owner starts the core, with a listener for the API of his own beside this config. */
  | 'elsewhere';

/**
 * The config that a core is started with: the operator's, the API, statistics per user and outbound, the marker
 * and the users, whose order makes the order of the clients.
 * Source: Marzban `app/xray/config.py`. A `host:port` for the API is taken as `api.listen` (cores since 1.8.12).
 */
export function buildCoreConfig({
  users,
  place,
  marker,
  ...parts
}: CoreConfigParts & { users: Iterable<CoreUser>; place: CorePlace; marker: string }): string {
  const text = new CoreConfigText(parts);
  const lists = parts.inbounds.map(() => '');
  for (const user of users) text.clientsOf(user).forEach((clients, index) => (lists[index] += clients));
  return text
    .pieces(place, marker)
    .map((piece) => (typeof piece === 'string' ? piece : lists[piece.list]!.slice(piece.skip)))
    .join('');
}

/** A place in the text of a config where a list of clients belongs. */
export interface ClientList {
  /** Which one: the index of its managed inbound. */
  list: number;
  /** Characters to leave out at its start. */
  skip: 0 | 1;
}

/**
 * The text of a config in pieces, so that the users of a large installation need never be in memory together: each
 * inbound's list of clients is kept apart, wherever there is room for it, and put in its place at the end.
 */
export class CoreConfigText {
  private readonly indexes: Map<string, number>;

  constructor(private readonly parts: CoreConfigParts) {
    this.indexes = new Map(parts.inbounds.map(({ tag }, index) => [tag, index]));
  }

  /** What a user adds to each list of clients, in the order of the managed inbounds; each begins with a comma, or is empty. */
  clientsOf(user: CoreUser): string[] {
    return this.parts.inbounds.map((inbound) => {
      const account = accountFor(user, inbound);
      return account ? `,${JSON.stringify(toClient(account))}` : '';
    });
  }

  /** The text around the lists of clients, and where each of them belongs. `marker` is of this start, see `markerTag`. */
  pieces(place: CorePlace, marker: string): (string | ClientList)[] {
    const { inbounds, outbounds, ...rest } = this.frame(place, marker);
    const written = inbounds.flatMap((inbound, index) => [
      index > 0 ? ',' : '',
      ...this.inboundPieces(inbound),
    ]);
    return [
      `${writeJson(rest).slice(0, -1)},"inbounds":[`,
      ...written,
      `],"outbounds":${writeJson(outbounds)}}`,
    ];
  }

  /** The config without users. */
  private frame(place: CorePlace, marker: string): CoreConfigJson {
    const { api: _, ...config } = this.parts.config;
    return withApi(place, {
      ...config,
      log: visibleStart(config.log),
      stats: {},
      policy: withStatistics(config.policy),
      // The first outbound is the default route, so the marker comes last.
      outbounds: [...config.outbounds, { protocol: 'blackhole', tag: marker }],
    });
  }

  private inboundPieces(inbound: JsonObject & { tag: string }): (string | ClientList)[] {
    const list = this.indexes.get(inbound.tag);
    if (list === undefined) return [writeJson(inbound)];
    const { settings, ...rest } = inbound;
    // `users` is the newer name; cores that know both read only `clients` when it is there.
    const { clients, users, ...others } = object(settings);
    const own = [...objects(clients), ...objects(users)].filter(({ email }) => !isUserEmail(text(email)));
    const fixed = [...own, ...this.placeholders(this.parts.inbounds[list]!)].map((client) =>
      writeJson(client),
    );
    const head = writeJson(others).slice(0, -1);
    const separator = head === '{' ? '' : ',';
    return [
      `${writeJson(rest).slice(0, -1)},"settings":${head}${separator}"clients":[${fixed.join(',')}`,
      { list, skip: fixed.length > 0 ? 0 : 1 },
      ']}}',
    ];
  }

  /** Without any client Xray starts a shadowsocks 2022 inbound in a mode that never takes one. */
  private placeholders({ tag, shadowsocksMethod: method }: ResolvedInbound): JsonObject[] {
    if (method === null || !isShadowsocks2022(method)) return [];
    const password = unusedShadowsocks2022Key(tag, method, this.parts.secret);
    return [{ email: 'placeholder@panel', password }];
  }
}

const TRIAL_ID = '00000000-0000-4000-8000-000000000000';

/** A user with every protocol, for trying a config out. */
export const TRIAL_USER: CoreUser = {
  id: 0,
  username: 'trial',
  proxies: {
    vmess: { id: TRIAL_ID },
    vless: { id: TRIAL_ID, flow: 'xtls-rprx-vision' },
    trojan: { password: 'trial', flow: '' },
    shadowsocks: { password: 'trial', method: 'chacha20-ietf-poly1305' },
  },
  excludedInbounds: {},
};

function toClient(account: Account): JsonObject {
  const { email } = account;
  switch (account.type) {
    case 'vmess':
      return { email, id: account.id };
    case 'vless':
      return account.flow ? { email, id: account.id, flow: account.flow } : { email, id: account.id };
    case 'trojan':
      return { email, password: account.password };
    case 'shadowsocks':
      return { email, password: account.password, method: account.method };
    case 'shadowsocks_2022': // a method here makes Xray refuse the config
      return { email, password: account.key };
  }
}

const API_SERVICES = ['HandlerService', 'StatsService', 'LoggerService'];

function withApi(place: CorePlace, config: CoreConfigJson): CoreConfigJson {
  if (place === 'elsewhere') {
    const api = { tag: API_TAG, services: API_SERVICES };
    return { ...config, api, routing: withFirst([API_RULE], config.routing) };
  }
  if ('readFile' in place) {
    // With an `api` of ours the agent would take our rule for an old one of its own, and remove it.
    const inbounds = config.inbounds.map((inbound) => inlineCertificates(inbound, place.readFile));
    const rules = place.apiSources.length > 0 ? [{ ...API_RULE, source: [...place.apiSources] }] : [];
    return { ...config, routing: withFirst(rules, config.routing), inbounds };
  }
  const { apiListen } = place;
  if (!apiListen.startsWith('/')) {
    return { ...config, api: { tag: API_TAG, listen: apiListen, services: API_SERVICES } };
  }
  return {
    ...config,
    api: { tag: API_TAG, services: API_SERVICES },
    routing: withFirst([API_RULE], config.routing),
    inbounds: [socketInbound(apiListen), ...config.inbounds],
  };
}

/**
 * The API on a Unix socket: `api.listen` knows TCP only (26.3), and what listens on TCP can be reached by users through
 * the proxy. The destination is never dialled; without a port the core drops the connection.
 */
function socketInbound(path: string): JsonObject & { tag: string; protocol: string } {
  return {
    tag: API_INBOUND_TAG,
    listen: `${path},0600`,
    protocol: 'dokodemo-door',
    settings: { address: '127.0.0.1', port: 1, network: 'tcp,unix' },
  };
}

const API_RULE = { type: 'field', inboundTag: [API_INBOUND_TAG], outboundTag: API_TAG };

/** Always with rules: agents replace a routing that has none, and the operator's settings with it. */
function withFirst(first: JsonObject[], routing: JsonValue | undefined): JsonObject {
  const { rules, ...others } = object(routing);
  return { ...others, rules: [...first, ...objects(rules)] };
}

/** The line that tells a start is of level warning, so the log must show warnings. */
function visibleStart(log: JsonValue | undefined): JsonObject {
  const { loglevel, ...others } = object(log);
  if (loglevel === undefined) return others;
  const hidden = ['none', 'error'].includes(text(loglevel).toLowerCase());
  return { ...others, loglevel: hidden ? 'warning' : loglevel };
}

/** The operator's policy with what usage accounting needs. All users are of level 0. */
function withStatistics(policy: JsonValue | undefined): JsonObject {
  const { levels, system, ...others } = object(policy);
  return {
    ...others,
    levels: {
      ...object(levels),
      '0': { ...object(object(levels)['0']), statsUserUplink: true, statsUserDownlink: true },
    },
    system: {
      ...object(system),
      statsInboundUplink: false,
      statsInboundDownlink: false,
      statsOutboundUplink: true,
      statsOutboundDownlink: true,
    },
  };
}

/** Names of our users in a pasted config are old copies: the same name twice makes Xray refuse everything. */
function isUserEmail(email: string): boolean {
  return /^\d+\./.test(email);
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
