import type { Protocol, TagsByProtocol } from '../../../xray/config/types.js';

/** The inbounds of the core config, in its order, as far as users care. */
export type ConfigInbound = { readonly tag: string; readonly protocol: Protocol };

/** The tags of one protocol, in the order of the config. */
export function tagsOf(protocol: Protocol, inbounds: readonly ConfigInbound[]): string[] {
  return inbounds.filter((inbound) => inbound.protocol === protocol).map((inbound) => inbound.tag);
}

/** The first tag of the choice that is no inbound of the protocol it is listed under. */
export function findUnknownTag(
  choice: TagsByProtocol,
  inbounds: readonly ConfigInbound[],
): string | undefined {
  for (const [protocol, tags] of Object.entries(choice)) {
    const known = new Set(tagsOf(protocol as Protocol, inbounds));
    const unknown = tags.find((tag) => !known.has(tag));
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

/** What is excluded when only the chosen tags of these protocols are open. Protocols without exclusions are left out. */
export function exclusionsOf(choice: TagsByProtocol, inbounds: readonly ConfigInbound[]): TagsByProtocol {
  const excluded: TagsByProtocol = {};
  for (const [key, chosen] of Object.entries(choice)) {
    const protocol = key as Protocol;
    const others = tagsOf(protocol, inbounds).filter((tag) => !chosen.includes(tag));
    if (others.length > 0) excluded[protocol] = others;
  }
  return excluded;
}

/** The inbounds a user may use, in the order of the config; one key per protocol the user has. */
export function openInbounds(
  protocols: readonly Protocol[],
  excluded: TagsByProtocol,
  inbounds: readonly ConfigInbound[],
): TagsByProtocol {
  const open: TagsByProtocol = {};
  for (const protocol of protocols) {
    const closed = excluded[protocol];
    const tags = tagsOf(protocol, inbounds);
    open[protocol] = closed ? tags.filter((tag) => !closed.includes(tag)) : tags;
  }
  return open;
}
