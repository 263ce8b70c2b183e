import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Secrets } from '../../shared/secrets/secrets.js';
import type { Admin } from '../admins/index.js';
import { CoreConfigs } from '../core/index.js';
import { HostsService } from '../hosts/index.js';
import { type ConfigTags, openInbounds, tagsOfConfig } from './domain/inbounds.js';
import { protocolsOf } from './domain/proxies.js';
import { linkValidFrom } from './domain/revocation.js';
import { writeToken } from './domain/subscription-token.js';
import type { User } from './domain/user.js';
import type { SubscriptionUserDto, UserDto } from './dto/user-response.dto.js';
import { toSubscriptionUserDto, toUserDto, type UserExtras } from './users.mapper.js';

/** Users as clients see them: with links, subscription URL, and the inbounds of the current core config. */
@Injectable()
export class UserPresenter {
  private tags: { of: object; byProtocol: ConfigTags } | undefined;

  constructor(
    private readonly config: Config,
    private readonly clock: DatabaseClock,
    private readonly secrets: Secrets,
    private readonly core: CoreConfigs,
    private readonly hosts: HostsService,
  ) {}

  /** For the API, and operators' pages. `viewer` decides how much of the owner is shown: nobody sees nothing. */
  forAdmin(user: User, viewer: Admin | null): UserDto {
    const open = openInbounds(protocolsOf(user.proxies), user.excludedInbounds, this.configTags());
    return toUserDto(user, viewer, open, this.extras(user, this.clock.now()));
  }

  /** For the holder of the subscription link. */
  forSubscriber(user: User): SubscriptionUserDto {
    return toSubscriptionUserDto(user, this.extras(user, this.clock.now()));
  }

  private extras(user: User, now: Date): UserExtras {
    return { links: this.hosts.shareLinks(user, now), subscriptionUrl: this.subscriptionUrl(user) };
  }

  /** The address of the user's subscription; the same at each call unless the prefix asks for a salt. */
  private subscriptionUrl(user: User): string {
    const { urlPrefix, path } = this.config.subscription;
    const prefix = urlPrefix.includes('*')
      ? urlPrefix.replaceAll('*', randomBytes(8).toString('hex'))
      : urlPrefix;
    const token = writeToken(user.username, linkValidFrom(user), this.secrets.subscriptionTokens);
    return `${prefix}/${path}/${token}`;
  }

  private configTags(): ConfigTags {
    const { inbounds } = this.core.current();
    if (this.tags?.of !== inbounds) this.tags = { of: inbounds, byProtocol: tagsOfConfig(inbounds) };
    return this.tags.byProtocol;
  }
}
