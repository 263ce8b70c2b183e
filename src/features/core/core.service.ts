import { Injectable } from '@nestjs/common';
import { Activities } from '../../shared/activity/activities.js';
import type { Activity } from '../../shared/activity/activity.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import { Secrets } from '../../shared/secrets/secrets.js';
import { buildCoreConfig, InvalidCoreConfig, markerTag } from '../../xray/config/index.js';
import type { Actor } from '../admins/index.js';
import { CoreConfigRepository } from './core-config.repository.js';
import { CoreConfigs } from './core-configs.js';
import { CoreNodesRepository } from './core-nodes.repository.js';
import { CoreTrials } from './core-trials.js';
import { higherVersion } from './domain/versions.js';
import type { CoreConfig } from './read-core-config.js';

export interface CoreState {
  /** The highest version of the cores that run; empty without any. */
  version: string;
  /** Whether any core runs. */
  started: boolean;
}

@Injectable()
export class CoreService {
  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly activities: Activities,
    private readonly configs: CoreConfigs,
    private readonly repository: CoreConfigRepository,
    private readonly nodes: CoreNodesRepository,
    private readonly trials: CoreTrials,
    private readonly secrets: Secrets,
  ) {}

  async state(): Promise<CoreState> {
    const versions = await this.nodes.runningVersions();
    return { version: versions.reduce(higherVersion, ''), started: versions.length > 0 };
  }

  /** Restarts the cores of all enabled nodes; does not wait for them. */
  async restart(by: Actor): Promise<void> {
    await this.db.transaction(async (tx) => {
      await this.nodes.requestRestart(tx);
      await this.note(tx, 'core_restarted', by, {});
    });
  }

  /** The active config as JSON, in the words it was sent in. */
  async source(): Promise<string> {
    await this.configs.refresh();
    return this.configs.current().source;
  }

  /** The active config as somebody else starts a core with it: without users, and without a listener for the API. */
  async elsewhere(): Promise<string> {
    await this.configs.refresh();
    const { config, inbounds, hash } = this.configs.current();
    return buildCoreConfig({
      config,
      inbounds,
      users: [],
      place: 'elsewhere',
      marker: markerTag(hash),
      secret: this.secrets.nodeCredentials,
    });
  }

  /**
   * Makes `text` the core config of all nodes. Returns it without blanks.
   * @throws InvalidCoreConfig when we or Xray refuse it; nothing has changed then
   */
  async replace(by: Actor, text: string): Promise<string> {
    const wanted = this.trials.read(text);
    const refusal = await this.trials.refusal(wanted);
    if (refusal !== undefined) throw new InvalidCoreConfig(refusal);
    return this.adopt(by, wanted);
  }

  /** Makes a config the one of all nodes that was looked at before, or is to be used whatever is against it. */
  async adopt(by: Actor, wanted: CoreConfig): Promise<string> {
    await this.repository.exclusively(async (tx) => {
      const active = await this.repository.findActive(tx);
      const before = { version: active ? String(active.version) : null };
      if (active?.source === wanted.source) {
        return this.note(tx, 'core_config_updated', by, { before: {}, after: {} });
      }
      const running = active && this.configs.load(active);
      const version = await this.repository.activate(tx, wanted.source, wanted.hash, by.name);
      await this.note(tx, 'core_config_updated', by, { before, after: { version: String(version) } });
      await this.repository.addInbounds(tx, [...wanted.byTag.keys()]);
      // Other blanks or another order of keys are no reason to cut anybody off.
      if (running?.hash !== wanted.hash) await this.nodes.requestConfig(tx);
    });
    await this.configs.refresh();
    return wanted.source;
  }

  /** Of a config its version is noted: the table of configs has the rest. */
  private async note(
    tx: Tx,
    action: string,
    by: Actor,
    change: Pick<Activity, 'before' | 'after'>,
  ): Promise<void> {
    const subject = { kind: 'core_config', id: null, name: null } as const;
    await this.activities.note(tx, this.clock.now(), [{ action, by, subject, ...change }], []);
  }
}
