import { performance } from 'node:perf_hooks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseEvents } from '../../../shared/database/database-events.js';
import { Pause } from '../../../shared/scheduling/pause.js';
import { Handover } from '../../../shared/scheduling/handover.js';
import { Heartbeat } from '../../../shared/scheduling/heartbeat.js';
import { Replica } from '../../../shared/scheduling/replica.js';
import { CoreConfigs } from '../../core/index.js';
import { NodeActor } from '../actor/node-actor.js';
import { NodeLease } from '../actor/node-lease.js';
import { NodeServices } from '../actor/node-services.js';
import { NodeAdapters } from '../adapters/node-adapters.js';
import { ownFailure } from '../domain/failure.js';
import type { Grant } from '../domain/grant.js';
import { type Census, fairShare, Giving } from '../domain/sharing.js';
import { WorkerNodesRepository } from '../worker-nodes.repository.js';
import type { NodeReach } from '../node.js';
import { LeasesRepository } from './leases.repository.js';
import { LocalCoreOwnership } from './local-core-ownership.js';

const RENEW_MS = 5_000;
const ACQUIRE_MS = 2_000;
/** A lease bears a few failed attempts to renew it. */
const RETRY_MS = 1_000;

/**
 * Takes the nodes this replica is to work on, keeps their leases, has one actor for each, and gives nodes up of which it
 * has more than its share. Nothing here waits for a node: one that hangs holds up no lease of another.
 */
@Injectable()
export class Ownership implements OnApplicationBootstrap {
  private readonly logger = new Logger('Nodes');
  private readonly actors = new Map<number, NodeActor>();
  /** What is left to do for nodes that were lost or given up; the next actor of such a node waits for it. */
  private readonly ending = new Map<number, Promise<void>>();
  private readonly stopListening: (() => void)[] = [];
  private readonly renewal = new Pause();
  private readonly acquisition = new Pause();
  private isEnding = false;
  private running: Promise<unknown> = Promise.resolve();
  private readonly giving = new Giving();

  constructor(
    private readonly events: DatabaseEvents,
    private readonly replica: Replica,
    private readonly heartbeat: Heartbeat,
    private readonly configs: CoreConfigs,
    private readonly leases: LeasesRepository,
    private readonly nodes: WorkerNodesRepository,
    private readonly adapters: NodeAdapters,
    private readonly localCore: LocalCoreOwnership,
    private readonly services: NodeServices,
    handover: Handover,
  ) {
    handover.add(() => this.handOver());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.localCore.prepare();
    this.stopListening.push(
      this.events.on('node_wake', (nodeId) => this.onWake(nodeId)),
      this.configs.onChange(() => this.wakeAll()),
    );
    this.running = Promise.all([
      this.repeat(RENEW_MS, this.renewal, () => this.renew()),
      this.repeat(ACQUIRE_MS, this.acquisition, () => this.shareOut()),
    ]);
  }

  /** Ends all work on nodes and gives their leases to whoever wants them. */
  async handOver(): Promise<void> {
    this.isEnding = true;
    this.renewal.wake();
    this.acquisition.wake();
    for (const stop of this.stopListening) stop();
    await this.running;
    await this.heartbeat.drain(); // or the others would leave it a share
    const actors = [...this.actors.values()];
    await Promise.all([...actors.map((actor) => actor.handOver()), ...this.ending.values()]);
    // Also when its lease was lost, e.g. with the database: nobody else took it if the file still says so.
    await this.localCore.endOwn();
    await Promise.all(actors.map(({ lease }) => this.leases.release(lease.grant).catch(() => undefined)));
  }

  private async shareOut(): Promise<void> {
    const { kinds } = this.adapters;
    await this.services.changes.noteDatabase(); // nobody else would see it while there is no node
    await this.leases.shortenEndless();
    await this.localCore.showUnowned();
    await this.nodes.failUnreachableKinds(kinds);
    if (kinds.length === 0) return;
    const census = await this.leases.census(this.replica.id, kinds);
    await this.acquire(census);
    await this.giveUp(census);
  }

  private async acquire(census: Census): Promise<void> {
    const dead = this.ownsLocalCore() ? undefined : await this.localCore.deadOwner();
    if (dead !== undefined) await this.leases.endLeasesOf(dead); // nobody need wait for it
    const reachable = { kinds: this.adapters.kinds, dataDirId: this.localCore.dataDirId };
    const free = fairShare(census) - this.shared().length;
    const since = performance.now();
    const grants = await this.leases.acquire(this.replica.id, reachable, free);
    const reaches = await this.nodes.reaches(grants.map(({ nodeId }) => nodeId));
    for (const grant of grants) {
      await this.take(grant, reaches.get(grant.nodeId), since).catch(async (error: unknown) => {
        this.logger.error({ err: error }, `Node ${grant.nodeId} cannot be worked on`); // its lease runs out
        const shown = { version: null, message: ownFailure(error) };
        await this.services.runtime.showStatus(grant, 'error', shown).catch(() => undefined);
      });
    }
    await this.localCore.endOrphan(this.ownsLocalCore());
  }

  private async take(grant: Grant, reach: NodeReach | undefined, since: number): Promise<void> {
    const { nodeId, kind } = grant;
    this.drop(nodeId); // its lease had run out
    const adapter = this.adapters.of(kind);
    if (!reach || !adapter) return this.leases.release(grant);
    const connection = adapter.connect(reach, this.services.memory.of(grant));
    const actor = new NodeActor(new NodeLease(grant, since), connection, this.services);
    this.actors.set(nodeId, actor);
    if (kind === 'local') await this.localCore.note();
    actor.start(this.ending.get(nodeId), () => {
      if (this.actors.get(nodeId) !== actor || this.isEnding) return;
      this.actors.delete(nodeId);
      // A node enabled again is leased anew. What fails here runs out by itself, since nobody renews it.
      void this.leases.release(grant).catch(() => undefined);
    });
  }

  private async renew(): Promise<void> {
    const since = performance.now();
    // One that is taken meanwhile is as good as renewed.
    const actors = [...this.actors].filter(([, { lease }]) => lease.isHeld);
    const seen = new Map(actors.map(([nodeId, actor]) => [nodeId, actor.sighting()]));
    const renewed = await this.leases.renew(this.replica.id, seen);
    const held = new Map(renewed.map(({ nodeId, epoch }) => [nodeId, epoch]));
    for (const [nodeId, actor] of actors) {
      if (held.get(nodeId) === actor.lease.grant.epoch) actor.lease.renewed(since);
      else if (this.actors.get(nodeId) === actor) {
        this.drop(nodeId);
        this.acquisition.wake(); // nobody may have it, e.g. after a restored dump
      }
    }
  }

  /** Gives nodes up of which this replica has too many, a few at a time; their cores notice nothing. */
  private async giveUp(census: Census): Promise<void> {
    const owned = this.shared();
    const count = this.giving.due(performance.now(), owned.length, fairShare(census));
    const given = owned.filter((actor) => actor.canMove).slice(0, count);
    for (const actor of given) {
      const { grant } = actor.lease;
      this.finish(grant.nodeId, async () => {
        await actor.handOver();
        await this.leases.release(grant);
      });
    }
  }

  /** Ends the work on a node whose lease is lost. */
  private drop(nodeId: number): void {
    const actor = this.actors.get(nodeId);
    if (actor) this.finish(nodeId, () => actor.abandon());
  }

  private finish(nodeId: number, work: () => Promise<void>): void {
    this.actors.delete(nodeId);
    const before = this.ending.get(nodeId);
    const end = (async () => {
      await before;
      await work();
    })()
      .catch((error: unknown) => this.logger.warn({ err: error }, `Node ${nodeId} was not given up in order`))
      .finally(() => {
        if (this.ending.get(nodeId) === end) this.ending.delete(nodeId);
      });
    this.ending.set(nodeId, end);
  }

  /** The actors of nodes that are shared out among all replicas: those that the census counts. */
  private shared(): NodeActor[] {
    return [...this.actors.values()].filter(
      ({ lease, isWanted }) => lease.grant.kind !== 'local' && isWanted,
    );
  }

  private ownsLocalCore(): boolean {
    return [...this.actors.values()].some(({ lease }) => lease.grant.kind === 'local');
  }

  private onWake(nodeId: string): void {
    const { states } = this.services;
    const actor = this.actors.get(Number(nodeId));
    states.outdate(nodeId === '' ? undefined : Number(nodeId));
    if (actor) actor.wake();
    else if (nodeId === '') this.wakeAll();
    else this.acquisition.wake(); // a new node, or one that was given up
  }

  private wakeAll(): void {
    for (const actor of this.actors.values()) actor.wake();
  }

  /** Runs `work` now and then again and again, until the service stops. */
  private async repeat(milliseconds: number, pause: Pause, work: () => Promise<void>): Promise<void> {
    let failed = false;
    while (!this.isEnding) {
      pause.reset();
      try {
        await work();
        failed = false;
      } catch (error) {
        if (!failed) this.logger.error({ err: error }, 'The leases of nodes cannot be kept at the moment');
        failed = true;
      }
      if (!this.isEnding) await pause.wait((failed ? RETRY_MS : milliseconds) * (0.9 + 0.2 * Math.random()));
    }
  }
}
