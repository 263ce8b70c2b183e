import { Injectable } from '@nestjs/common';
import { Gathering } from '../../../shared/scheduling/gathering.js';
import { type AppliedPlace, NodeRuntimeRepository } from './node-runtime.repository.js';

/** Those who save within so many milliseconds do so together. */
const GATHER_MS = 10;

/** Saves up to where users are applied on each node: a change concerns all of them, so all have something to save at a time. */
@Injectable()
export class AppliedPlaces {
  private readonly gathering = new Gathering<AppliedPlace, ReadonlySet<AppliedPlace>>(GATHER_MS, (all) =>
    this.runtime.saveCursors(all),
  );

  constructor(private readonly runtime: NodeRuntimeRepository) {}

  /** Whether it was saved; not while something else is written about the node, or when it has another owner. */
  async save(applied: AppliedPlace): Promise<boolean> {
    return (await this.gathering.ask([applied])).has(applied);
  }
}
