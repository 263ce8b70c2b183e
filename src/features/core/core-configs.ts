import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Config } from '../../config/config.js';
import type { Tx } from '../../shared/database/database.js';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { firstFew } from '../../shared/telemetry/first-few.js';
import { StartupError } from '../../config/startup-error.js';
import { configMark, InvalidCoreConfig, unmanagedInbounds } from '../../xray/config/index.js';
import { CertificateFiles } from './certificate-files.js';
import type { StoredConfig } from './core-config.repository.js';
import { InitialConfig } from './initial-config.js';
import { type CoreConfig, readCoreConfig, resolveCoreConfig } from './read-core-config.js';
import { WorkerCoreConfigRepository } from './worker-core-config.repository.js';

export interface ActiveCoreConfig extends CoreConfig {
  version: bigint;
}

type Listener = (active: ActiveCoreConfig) => void | Promise<void>;

const POLL_MS = 2_000;
const REMEMBERED_VERSIONS = 8;

/**
 * The core config of the installation: one consistent snapshot in memory, replaced when the active version changes. Nodes
 * follow it, so no request holds up its reading.
 */
@Injectable()
export class CoreConfigs implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(CoreConfigs.name);
  private readonly listeners = new Set<Listener>();
  private readonly remembered = new Map<bigint, ActiveCoreConfig>();
  private readonly certificateFiles = new CertificateFiles();
  private readonly readCertificate = (path: string) => this.certificateFiles.read(path);
  private active: ActiveCoreConfig | undefined;
  private refreshing: Promise<void> | undefined;
  /** Begins when that has ended; whoever asks meanwhile shares it. */
  private nextRefresh: Promise<void> | undefined;
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly config: Config,
    private readonly repository: WorkerCoreConfigRepository,
    private readonly initial: InitialConfig,
    private readonly events: DatabaseEvents,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.repository.exclusively(async (tx) => {
      const found = await this.repository.findActive(tx);
      if (found && this.config.xray.json !== undefined) {
        this.logger.log('XRAY_JSON only seeds the first start; the core config of the database is used');
      }
      const stored = found ?? (await this.seed(tx));
      this.active = this.usable(stored);
      // Settings decide which inbounds are managed, so a start can bring new ones too.
      await this.repository.addInbounds(tx, [...this.active.byTag.keys()]);
    });
    this.logInbounds(this.current());
    this.stopListening = this.events.on('core_config', () => void this.poll());
  }

  onApplicationShutdown(): void {
    this.stopListening?.();
  }

  /** The active config. */
  current(): ActiveCoreConfig {
    if (!this.active) throw new Error('The core config is not loaded yet');
    return this.active;
  }

  /** The active config with its certificates as their files are now; they are renewed without anybody saying so. */
  withCertificates(): ActiveCoreConfig {
    const active = this.current();
    if (!this.certificateFiles.haveChanged(active.config)) return active;
    try {
      this.active = {
        ...active,
        ...resolveCoreConfig(this.config.xray, active.config, this.readCertificate),
      };
      this.remembered.set(active.version, this.active);
    } catch (error) {
      this.logger.warn(
        { err: error },
        'A changed certificate cannot be read; the last known one stays in use',
      );
    }
    return this.current();
  }

  /** Calls `listener` after each change until the returned function is called. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A config that is or was active. @throws Error when it is not kept any more */
  async byVersion(version: bigint): Promise<ActiveCoreConfig> {
    const known = this.remembered.get(version);
    if (known) return known;
    const stored = await this.repository.findVersion(version);
    if (!stored) throw new Error(`Version ${version} of the core config is not kept any more`);
    return this.load(stored);
  }

  /** The kept config that running cores show this mark of, see `configMark`. */
  async byMark(mark: string): Promise<ActiveCoreConfig | undefined> {
    const active = this.current();
    if (configMark(active.hash) === mark) return active;
    const stored = await this.repository.findHashed(mark);
    const config = stored && this.load(stored);
    return config && configMark(config.hash) === mark ? config : undefined; // settings may make another one of it now
  }

  /** What the panel makes of a stored version. */
  load(stored: StoredConfig): ActiveCoreConfig {
    const known = this.remembered.get(stored.version);
    if (known) return known;
    const loaded = {
      ...readCoreConfig(this.config.xray, stored.source, this.readCertificate),
      version: stored.version,
    };
    this.remembered.set(stored.version, loaded);
    for (const version of this.remembered.keys()) {
      if (this.remembered.size > REMEMBERED_VERSIONS) this.remembered.delete(version);
    }
    return loaded;
  }

  /** Loads the active version if it is another one; the listeners are through when this returns. */
  async refresh(): Promise<void> {
    this.nextRefresh ??= (async () => {
      await this.refreshing?.catch(() => undefined); // one that began earlier may have read too early
      this.refreshing = this.nextRefresh;
      this.nextRefresh = undefined;
      if ((await this.repository.findActiveVersion()) === this.current().version) return;
      const stored = await this.repository.findActive();
      if (!stored) return;
      const active = (this.active = this.load(stored));
      this.logInbounds(active);
      await Promise.all([...this.listeners].map(async (listener) => listener(active)));
    })();
    await this.nextRefresh;
  }

  @Interval(POLL_MS)
  async poll(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.logger.warn(
        { err: error },
        'The core config could not be looked up; the last known one stays in use',
      );
    }
  }

  /** An operator who misses an inbound finds the reason here. */
  private logInbounds({ config, inbounds }: CoreConfig): void {
    const others = unmanagedInbounds(config, { excludeTags: this.config.xray.excludeInboundTags });
    const managed = firstFew(inbounds.map(({ tag }) => tag)) || 'none';
    const leftAlone = firstFew(others.map(({ tag, reason }) => `${tag} (${reason})`));
    this.logger.log(
      `Inbounds with users of the panel: ${managed}${leftAlone && `. Inbounds that are left alone: ${leftAlone}`}`,
    );
  }

  private async seed(tx: Tx): Promise<StoredConfig> {
    const text = await this.initial.text();
    const { source, hash } = orExplain('XRAY_JSON', () => readCoreConfig(this.config.xray, text));
    return { source, version: await this.repository.activate(tx, source, hash, null) };
  }

  /** Other settings than those it was accepted with can make a config unusable. */
  private usable(stored: StoredConfig): ActiveCoreConfig {
    return orExplain(
      'The core config does not fit XRAY_FALLBACKS_INBOUND_TAG or XRAY_EXCLUDE_INBOUND_TAGS',
      () => this.load(stored),
    );
  }
}

/** Runs `read` at the start of the process, where a config that cannot be used is for the operator to mend. */
function orExplain<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidCoreConfig)) throw error;
    throw new StartupError(`${what}: ${error.message}`, { cause: error });
  }
}
