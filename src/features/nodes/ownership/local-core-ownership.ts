import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { Replica } from '../../../shared/scheduling/replica.js';
import { NodeAdapters } from '../adapters/node-adapters.js';
import { LocalNodesRepository } from './local-nodes.repository.js';
import { OwnerFile } from './owner-file.js';

/**
 * Whose the local core is: that of the folder DATA_DIR. The folder has an identity, the identity a node, and only
 * replicas of the folder may own it, one at a time.
 */
@Injectable()
export class LocalCoreOwnership {
  private readonly file: OwnerFile;
  private orphanOf: string | undefined;
  private id: string | undefined;

  constructor(
    config: Config,
    private readonly replica: Replica,
    private readonly adapters: NodeAdapters,
    private readonly nodes: LocalNodesRepository,
  ) {
    this.file = new OwnerFile(join(config.dataDir, 'xray', 'owner.json'));
  }

  /** The identity of the folder; undefined where no local core can run. */
  get dataDirId(): string | undefined {
    return this.id;
  }

  /** Makes the folder's node known. @throws StartupError when the folder's identity cannot be kept */
  async prepare(): Promise<void> {
    if (!this.adapters.local) return;
    this.id = await this.adapters.local.dataDirId();
    await this.nodes.ensure(this.id);
  }

  /** Shows cores as disabled that no replica is there for. */
  showUnowned(): Promise<void> {
    return this.nodes.disableUnowned();
  }

  /** This replica owns the core from now on. */
  async note(): Promise<void> {
    await this.file.write(this.replica.id);
  }

  /** The replica that owned the core, if its process is surely dead. */
  async deadOwner(): Promise<string | undefined> {
    return this.adapters.local && this.file.deadReplica();
  }

  /**
   * Ends a core here that survived its owner and that nobody takes over: it would serve users as they were then. Not at
   * first sight: another process of this machine may just be about to adopt it.
   */
  async endOrphan(isOwned: boolean): Promise<void> {
    const seenBefore = this.orphanOf;
    this.orphanOf = isOwned ? undefined : await this.deadOwner();
    if (this.orphanOf !== undefined && this.orphanOf === seenBefore) await this.end();
  }

  /** Ends the core of this folder if this replica was the last to own it. */
  async endOwn(): Promise<void> {
    if ((await this.file.replicaId()) === this.replica.id) await this.end();
  }

  private async end(): Promise<void> {
    await this.adapters.local?.connect().stop();
  }
}
