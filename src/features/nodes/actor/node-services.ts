import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { CoreConfigs } from '../../core/index.js';
import { Turnstile } from '../../../shared/scheduling/turnstile.js';
import { UserReviews } from '../../users/index.js';
import { UsageRepository } from '../metering/usage.repository.js';
import { ChangeFeed } from '../convergence/change-feed.js';
import { CoreBodies } from '../convergence/core-bodies.js';
import { DesiredUsers } from '../convergence/desired-users.js';
import { AppliedPlaces } from './applied-places.js';
import { NodeMemoryRepository } from './node-memory.repository.js';
import { NodeRuntimeRepository } from './node-runtime.repository.js';
import { STARTS_AT_A_TIME } from '../domain/core-start.js';
import { NodeStates } from './node-states.js';
import { RollOuts } from './roll-outs.js';

/** What every node actor works with. */
@Injectable()
export class NodeServices {
  readonly starts = new Turnstile(STARTS_AT_A_TIME);
  /** Many, for one that does not answer is waited for. */
  readonly attaches = new Turnstile(64);
  /** Each holds all accounts of a core, and reads all users. */
  readonly audits = new Turnstile(2);

  constructor(
    readonly config: Config,
    readonly configs: CoreConfigs,
    readonly bodies: CoreBodies,
    readonly runtime: NodeRuntimeRepository,
    readonly places: AppliedPlaces,
    readonly memory: NodeMemoryRepository,
    readonly states: NodeStates,
    readonly rollOuts: RollOuts,
    readonly changes: ChangeFeed,
    readonly desired: DesiredUsers,
    readonly usage: UsageRepository,
    readonly reviews: UserReviews,
  ) {}
}
