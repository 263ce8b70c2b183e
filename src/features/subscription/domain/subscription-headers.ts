import { toUnixSeconds } from '../../../shared/domain/time.js';

/** Settings of the installation that client applications show. Printable ASCII, but for the title. */
export interface Profile {
  profileTitle: string;
  supportUrl: string;
  updateInterval: string;
}

/** What a client application shows of the user. Traffic in bytes; null means no limit, or never. */
export interface Account {
  username: string;
  usedTraffic: bigint;
  dataLimit: bigint | null;
  expireAt: Date | null;
}

/**
 * The headers that client applications read beside a subscription's body. `pageUrl` is the address that the client
 * asked for. Source: Marzban `app/routers/subscription.py`; there is no upload, since both directions count as one.
 */
export function subscriptionHeaders(
  account: Account,
  profile: Profile,
  pageUrl: string,
): Record<string, string> {
  const { username, usedTraffic, dataLimit, expireAt } = account;
  const expire = expireAt ? toUnixSeconds(expireAt) : 0;
  return {
    'content-disposition': `attachment; filename="${username}"`,
    'profile-web-page-url': pageUrl,
    'support-url': profile.supportUrl,
    'profile-title': `base64:${Buffer.from(profile.profileTitle).toString('base64')}`,
    'profile-update-interval': profile.updateInterval,
    'subscription-userinfo': `upload=0; download=${usedTraffic}; total=${dataLimit ?? 0}; expire=${expire}`,
  };
}
