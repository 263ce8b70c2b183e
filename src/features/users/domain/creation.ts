import type { TagsByProtocol } from '../../../xray/config/types.js';
import { choiceFor, type ConfigTags, exclusionsOf } from './inbounds.js';
import { completeProxies, type CredentialSource, protocolsOf, type ProxyRequests } from './proxies.js';
import type { User } from './user.js';

/** What an operator says of a new user. */
export type UserRequest = Pick<
  User,
  | 'username'
  | 'dataLimit'
  | 'expireAt'
  | 'resetStrategy'
  | 'note'
  | 'holdSeconds'
  | 'holdUntil'
  | 'autoDeleteInDays'
  | 'nextPlan'
> & {
  status: 'active' | 'on_hold';
  proxies: ProxyRequests;
  /** Per protocol the tags that are open; a protocol that is missing has all. */
  inbounds: TagsByProtocol;
};

/** The part of the request's choice of inbounds that counts: other protocols than the user's are not looked at. */
export function chosenInbounds(request: Pick<UserRequest, 'proxies' | 'inbounds'>): TagsByProtocol {
  return choiceFor(protocolsOf(request.proxies), request.inbounds);
}

/**
 * The user that is asked for. It starts with the status of the request even when its expiry has passed: the next
 * review looks at that.
 * Source: Marzban `app/db/crud.py` (`create_user`).
 */
export function createUser(
  request: UserRequest,
  context: { now: Date; config: ConfigTags; fresh: CredentialSource },
) {
  const { proxies, inbounds, ...wishes } = request;
  return {
    ...wishes,
    proxies: completeProxies(proxies, context.fresh),
    heldWhenDisabled: false,
    excludedInbounds: exclusionsOf(chosenInbounds({ proxies, inbounds }), context.config),
    createdAt: context.now,
    statusChangedAt: context.now,
    usedTraffic: 0n,
    resetTraffic: 0n,
    subRevokedAt: null,
    subUpdatedAt: null,
    subLastUserAgent: null,
    onlineAt: null,
    editedAt: null,
  };
}
