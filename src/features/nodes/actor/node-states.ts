import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger } from '@nestjs/common';
import { Gathering } from '../../../shared/scheduling/gathering.js';
import { type Grant, LeaseLost } from '../domain/grant.js';
import type { NodeState } from '../domain/node-state.js';
import { FencedWrites } from './fenced-writes.js';
import { NodeStatesRepository } from './node-states.repository.js';

/** Notifications tell of what others write at once; a lost one costs this much. */
const LOOK_MS = 1_000;
/** Older states are not gone by: the database may be away. */
const MAX_AGE_MS = 3_000;
/** Those who want to know within so many milliseconds ask together. */
const GATHER_MS = 3;

interface Seen {
  state: NodeState;
  /** Milliseconds of the monotonic clock. */
  at: number;
  /** What this process had written until then. */
  writes: number;
}

interface Watch {
  onChange: () => void;
  seen: Seen | undefined;
  /** How often others have written, as far as was told. */
  outdated: number;
}

/** The states of all nodes this process works on, read together. */
@Injectable()
export class NodeStates {
  private readonly logger = new Logger('Nodes');
  private readonly watches = new Map<Grant, Watch>();
  private readonly gathering = new Gathering<Grant, ReadonlyMap<Grant, NodeState>>(GATHER_MS, (grants) =>
    this.load(grants),
  );
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private hasFailed = false;

  constructor(
    private readonly rows: NodeStatesRepository,
    private readonly writes: FencedWrites,
  ) {}

  /** Keeps the node's state at hand, and calls `onChange` when it is another, until the returned function is called. */
  watch(grant: Grant, onChange: () => void): () => void {
    this.watches.set(grant, { onChange, seen: undefined, outdated: 0 });
    this.timer ??= setInterval(() => void this.look(), LOOK_MS);
    return () => {
      this.watches.delete(grant);
      if (this.watches.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  /** Somebody else has written about this node, or about any. */
  outdate(nodeId?: number): void {
    for (const [grant, watch] of this.watches) {
      if (nodeId !== undefined && grant.nodeId !== nodeId) continue;
      watch.seen = undefined;
      watch.outdated++;
    }
  }

  /**
   * The node's state, with all that this process has written about it, and what others have, up to a second ago.
   * @throws LeaseLost
   */
  async of(grant: Grant): Promise<NodeState> {
    const seen = this.watches.get(grant)?.seen;
    const age = seen ? performance.now() - seen.at : Infinity;
    if (seen && age < MAX_AGE_MS && seen.writes === this.writes.count(grant)) {
      // The database's clock as it is at least: states are told apart by it.
      return { ...seen.state, now: new Date(seen.state.now.getTime() + Math.floor(age)) };
    }
    const state = (await this.gathering.ask([grant])).get(grant);
    if (!state) throw new LeaseLost(grant.nodeId);
    return { ...state };
  }

  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const grants = [...this.watches.keys()];
      const before = new Map(grants.map((grant) => [grant, this.watches.get(grant)?.seen?.state]));
      const states = await this.load(grants);
      for (const [grant, state] of before) {
        const present = states.get(grant);
        if (state !== present && !isSame(state, present)) this.watches.get(grant)?.onChange();
      }
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed)
        this.logger.error({ err: error }, 'The rows of nodes cannot be read at the moment');
      this.hasFailed = true;
    } finally {
      this.isLooking = false;
    }
  }

  private async load(grants: readonly Grant[]): Promise<ReadonlyMap<Grant, NodeState>> {
    const then = grants.map((grant) => ({
      grant,
      watch: this.watches.get(grant),
      outdated: this.watches.get(grant)?.outdated,
      writes: this.writes.count(grant),
    }));
    const known = new Map(
      then.flatMap(({ grant, watch }) => (watch?.seen ? [[grant, watch.seen.state]] : [])),
    );
    const states = await this.rows.load(grants, known);
    const at = performance.now();
    for (const { grant, watch, outdated, writes } of then) {
      const state = states.get(grant);
      if (watch && watch.outdated === outdated) watch.seen = state && { state, at, writes };
    }
    return states;
  }
}

/** Whether two states differ in nothing but the time they were read at, and how far users are applied. */
function isSame(a: NodeState | undefined, b: NodeState | undefined): boolean {
  return isDeepStrictEqual(a && factsOf(a), b && factsOf(b));
}

const factsOf = ({ now: _, cursor: __, ...facts }: NodeState) => facts;
