import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { CoreConfigs } from '../../core/index.js';
import { UsersService } from '../../users/index.js';
import { UsageRepository } from '../metering/usage.repository.js';
import { CoreBodies } from '../convergence/core-bodies.js';
import { DesiredUsers } from '../convergence/desired-users.js';
import { NodeRuntimeRepository } from './node-runtime.repository.js';
import { UserChangesRepository } from '../convergence/user-changes.repository.js';

/** What every node actor works with. */
@Injectable()
export class NodeServices {
  constructor(
    readonly config: Config,
    readonly configs: CoreConfigs,
    readonly bodies: CoreBodies,
    readonly runtime: NodeRuntimeRepository,
    readonly changes: UserChangesRepository,
    readonly desired: DesiredUsers,
    readonly usage: UsageRepository,
    readonly users: UsersService,
  ) {}
}
