import { Injectable } from '@nestjs/common';
import { Secrets } from '../../../shared/secrets/secrets.js';
import { CoreConfigWriter, markerTag } from '../../../xray/config/index.js';
import type { ActiveCoreConfig } from '../../core/index.js';
import type { CoreBody } from '../adapters/core-connection.js';
import type { Cursor } from '../domain/change-cursor.js';
import { DesiredUsers } from './desired-users.js';

/** Complete configs to start cores with. */
@Injectable()
export class CoreBodies {
  constructor(
    private readonly users: DesiredUsers,
    private readonly secrets: Secrets,
  ) {}

  /** The config with all users of this moment, and the place in the outbox that belongs to it. */
  async complete(active: ActiveCoreConfig): Promise<CoreBody & { cursor: Cursor }> {
    const writer = new CoreConfigWriter({
      config: active.config,
      inbounds: active.inbounds,
      marker: markerTag(active.hash),
      secret: this.secrets.nodeCredentials,
    });
    const cursor = await this.users.snapshot((batch) => {
      for (const user of batch) writer.add(user);
    });
    return { cursor, write: (place) => writer.finish(place) };
  }
}
