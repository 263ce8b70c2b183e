import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { CoreConfigs } from '../../core/index.js';
import { Turnstile } from '../../../shared/scheduling/turnstile.js';
import { UserReviews } from '../../users/index.js';
import { UsageRepository } from '../metering/usage.repository.js';
import { ChangeFeed } from '../convergence/change-feed.js';
import { CoreBodies } from '../convergence/core-bodies.js';
import { DesiredUsers } from '../convergence/desired-users.js';
import { NodeMemoryRepository } from './node-memory.repository.js';
import { NodeRuntimeRepository } from './node-runtime.repository.js';
import { NodeStates } from './node-states.js';

/** So many cores are started at a time: each start sends a whole config and takes seconds. */
const STARTS_AT_A_TIME = 4;

/** What every node actor works with. */
@Injectable()
export class NodeServices {
  readonly starts = new Turnstile(STARTS_AT_A_TIME);

  constructor(
    readonly config: Config,
    readonly configs: CoreConfigs,
    readonly bodies: CoreBodies,
    readonly runtime: NodeRuntimeRepository,
    readonly memory: NodeMemoryRepository,
    readonly states: NodeStates,
    readonly changes: ChangeFeed,
    readonly desired: DesiredUsers,
    readonly usage: UsageRepository,
    readonly reviews: UserReviews,
  ) {}
}
