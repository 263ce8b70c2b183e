import type { Protocol, TagsByProtocol } from '../../../xray/config/types.js';

/** The tags of the core config by protocol, each list in the order of the config. */
export type ConfigTags = Readonly<Record<Protocol, readonly string[]>>;

export function tagsOfConfig(inbounds: readonly { tag: string; protocol: Protocol }[]): ConfigTags {
  const tags: Record<Protocol, string[]> = { vmess: [], vless: [], trojan: [], shadowsocks: [] };
  for (const { tag, protocol } of inbounds) tags[protocol].push(tag);
  return tags;
}

/** The first tag of the choice that is no inbound of the protocol it is listed under. */
export function findUnknownTag(choice: TagsByProtocol, config: ConfigTags): string | undefined {
  for (const protocol of protocolsIn(choice)) {
    const known = new Set(config[protocol]);
    const unknown = choice[protocol]!.find((tag) => !known.has(tag));
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

/** What is excluded when only the chosen tags of these protocols are open. Protocols without exclusions are left out. */
export function exclusionsOf(choice: TagsByProtocol, config: ConfigTags): TagsByProtocol {
  const excluded: TagsByProtocol = {};
  for (const protocol of protocolsIn(choice)) {
    const chosen = new Set(choice[protocol]);
    const others = config[protocol].filter((tag) => !chosen.has(tag));
    if (others.length > 0) excluded[protocol] = others;
  }
  return excluded;
}

/** The inbounds a user may use, in the order of the config; one key per protocol the user has. */
export function openInbounds(
  protocols: readonly Protocol[],
  excluded: TagsByProtocol,
  config: ConfigTags,
): TagsByProtocol {
  const open: TagsByProtocol = {};
  for (const protocol of protocols) {
    const closed = excluded[protocol] ?? [];
    open[protocol] = config[protocol].filter((tag) => !closed.includes(tag));
  }
  return open;
}

/** The part of a choice that is about these protocols. */
export function choiceFor(protocols: readonly Protocol[], choice: TagsByProtocol): TagsByProtocol {
  return Object.fromEntries(Object.entries(choice).filter(([key]) => protocols.includes(key as Protocol)));
}

function protocolsIn(choice: TagsByProtocol): Protocol[] {
  return Object.keys(choice) as Protocol[];
}
