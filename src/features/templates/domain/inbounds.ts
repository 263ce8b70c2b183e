import type { Protocol, TagsByProtocol } from '../../../xray/config/types.js';

interface Inbound {
  tag: string;
  protocol: Protocol;
}

/** The first tag that is no inbound of the protocol it is listed under. */
export function findUnknownTag(
  choice: TagsByProtocol,
  inbounds: ReadonlyMap<string, Inbound>,
): string | undefined {
  for (const [protocol, tags] of Object.entries(choice)) {
    const unknown = tags.find((tag) => inbounds.get(tag)?.protocol !== protocol);
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

/** Each tag once, in the order of the choice. */
export function tagsIn(choice: TagsByProtocol): string[] {
  return [...new Set(Object.values(choice).flat())];
}

/** The tags by protocol, in the order of the core config; those it does not have are left out. */
export function tagsByProtocol(tags: readonly string[], inbounds: readonly Inbound[]): TagsByProtocol {
  const chosen = new Set(tags);
  const byProtocol: TagsByProtocol = {};
  for (const { tag, protocol } of inbounds) {
    if (chosen.has(tag)) (byProtocol[protocol] ??= []).push(tag);
  }
  return byProtocol;
}
