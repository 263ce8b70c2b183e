import type { Protocol, TagsByProtocol } from '../../../xray/config/types.js';

interface Inbound {
  tag: string;
  protocol: Protocol;
}

/**
 * The chosen tags that the core config has, each once, in the order of the choice. Which protocol they are listed under
 * does not matter.
 * Source: Marzban `app/db/crud.py` (`create_user_template`).
 */
export function knownTags(choice: TagsByProtocol, inbounds: ReadonlyMap<string, Inbound>): string[] {
  const tags = new Set(Object.values(choice).flat());
  return [...tags].filter((tag) => inbounds.has(tag));
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
