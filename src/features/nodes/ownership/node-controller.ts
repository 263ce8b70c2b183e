import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { DatabaseEvents } from '../../../shared/database/database-events.js';
import { Replica } from '../../../shared/scheduling/replica.js';
import { CoreConfigs } from '../../core/index.js';
import { NodeAdapters } from '../adapters/node-adapters.js';
import { NodesRepository } from '../nodes.repository.js';
import type { Grant } from '../domain/grant.js';
import { LeasesRepository } from './leases.repository.js';
import { NodeActor } from '../actor/node-actor.js';
import { NodeLease } from '../actor/node-lease.js';
import { NodeServices } from '../actor/node-services.js';
import { OwnerFile } from './owner-file.js';
import { Pause } from '../../../shared/scheduling/pause.js';

const RENEW_MS = 5_000;
const ACQUIRE_MS = 2_000;

/** Takes the nodes this replica is to work on, keeps their leases, and has one actor for each. */
@Injectable()
export class NodeController implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Nodes');
  private readonly actors = new Map<number, NodeActor>();
  private readonly stopListening: (() => void)[] = [];
  private readonly ownerFile: OwnerFile;
  private readonly renewal = new Pause();
  private readonly acquisition = new Pause();
  private isEnding = false;
  private orphanOf: string | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly config: Config,
    private readonly events: DatabaseEvents,
    private readonly replica: Replica,
    private readonly configs: CoreConfigs,
    private readonly leases: LeasesRepository,
    private readonly nodes: NodesRepository,
    private readonly adapters: NodeAdapters,
    private readonly services: NodeServices,
  ) {
    this.ownerFile = new OwnerFile(join(config.dataDir, 'xray', 'owner.json'));
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.role === 'api') return;
    await this.nodes.noteDatabase();
    if (this.adapters.local) await this.nodes.ensureLocalNode();
    this.stopListening.push(
      this.events.on('user_change', () => this.wakeAll()),
      this.events.on('node_wake', (nodeId) => this.onWake(nodeId)),
      this.configs.onChange(() => this.wakeAll()),
    );
    this.running = Promise.all([
      this.repeat(RENEW_MS, this.renewal, () => this.renew()),
      this.repeat(ACQUIRE_MS, this.acquisition, () => this.acquire()),
    ]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.config.role === 'api') return;
    this.isEnding = true;
    this.renewal.wake();
    this.acquisition.wake();
    for (const stop of this.stopListening) stop();
    await this.running;
    await this.leases.drain(this.replica.id).catch(() => undefined);
    const actors = [...this.actors.values()];
    await Promise.all(actors.map((actor) => actor.handOver()));
    // Also when its lease was lost, e.g. with the database: nobody else took it if the file still says so.
    if ((await this.ownerFile.replicaId()) === this.replica.id) await this.endLocalCore();
    await Promise.all(actors.map(({ lease }) => this.leases.release(lease.grant).catch(() => undefined)));
    await this.leases.remove(this.replica.id).catch(() => undefined);
  }

  private async acquire(): Promise<void> {
    const { kinds, local } = this.adapters;
    if (!local) await this.nodes.disableUnownedLocalNode();
    await this.nodes.failUnreachableKinds(kinds);
    if (kinds.length === 0) return;
    const dead = local ? await this.deadOwner() : undefined;
    if (dead !== undefined) await this.leases.endLeasesOf(dead); // nobody need wait for it
    const since = performance.now();
    for (const grant of await this.leases.acquire(this.replica.id, kinds)) await this.take(grant, since);
    await this.endOrphan(dead);
  }

  /** The replica that owned the core of this machine, if its process is dead and this one has not taken over. */
  private async deadOwner(): Promise<string | undefined> {
    const isMine = [...this.actors.values()].some(({ lease }) => lease.grant.kind === 'local');
    return isMine ? undefined : this.ownerFile.deadReplica();
  }

  /**
   * Ends a core here that survived its owner when another machine has taken its place: it would serve users as they
   * were then. Not at first sight: another process of this machine may just be about to adopt it.
   */
  private async endOrphan(dead: string | undefined): Promise<void> {
    const seenBefore = this.orphanOf;
    this.orphanOf = dead === undefined ? undefined : await this.deadOwner();
    if (this.orphanOf === undefined || this.orphanOf !== seenBefore) return;
    await this.endLocalCore();
  }

  private async endLocalCore(): Promise<void> {
    await this.adapters.local?.connect().stop();
  }

  private async take(grant: Grant, since: number): Promise<void> {
    await this.actors.get(grant.nodeId)?.abandon(); // its lease had run out
    const reach = await this.nodes.reach(grant.nodeId);
    const adapter = this.adapters.of(grant.kind);
    if (!reach || !adapter) return void (await this.leases.release(grant));
    const { runtime } = this.services;
    const connection = adapter.connect(reach, {
      saveSession: (sessionId) => runtime.saveSession(grant, sessionId),
      saveCertificate: (pem) => runtime.saveCertificate(grant, pem),
    });
    const actor = new NodeActor(new NodeLease(grant, since), connection, this.services);
    this.actors.set(grant.nodeId, actor);
    if (grant.kind === 'local') await this.ownerFile.write(this.replica.id);
    actor.start(() => {
      if (this.actors.get(grant.nodeId) !== actor || this.isEnding) return;
      this.actors.delete(grant.nodeId);
      // A node enabled again is leased anew. What fails here runs out by itself, since nobody renews it.
      void this.leases.release(grant).catch(() => undefined);
    });
  }

  private async renew(): Promise<void> {
    await this.leases.heartbeat(this.replica);
    const since = performance.now();
    const actors = [...this.actors]; // one that is taken meanwhile is as good as renewed
    const renewed = await this.leases.renew(
      this.replica.id,
      actors.map(([nodeId]) => nodeId),
    );
    const held = new Map(renewed.map(({ nodeId, epoch }) => [nodeId, epoch]));
    for (const [nodeId, actor] of actors) {
      if (held.get(nodeId) === actor.lease.grant.epoch) actor.lease.renewed(since);
      else await actor.abandon();
    }
  }

  private onWake(nodeId: string): void {
    const actor = this.actors.get(Number(nodeId));
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
      if (!this.isEnding) await pause.wait(milliseconds * (0.9 + 0.2 * Math.random()));
    }
  }
}
