import { Injectable } from '@nestjs/common';
import type { JobOutcome } from '../../../shared/scheduling/job-run.js';
import { WorkerNodesRepository } from '../worker-nodes.repository.js';
import { LocalNodesRepository } from './local-nodes.repository.js';

/** Nodes whose cores nobody will care for any more. */
@Injectable()
export class GoneNodes {
  constructor(
    private readonly nodes: WorkerNodesRepository,
    private readonly localNodes: LocalNodesRepository,
  ) {}

  /** Lets go of local cores whose folders are gone, and of deleted nodes once their cores have been ended; returns of how many. */
  async forget(): Promise<JobOutcome> {
    return { unseen: await this.localNodes.forgetUnseen(), removed: await this.nodes.forgetDeleted() };
  }
}
