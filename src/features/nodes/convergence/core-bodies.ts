import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { Secrets } from '../../../shared/secrets/secrets.js';
import { Spool } from '../../../shared/spool.js';
import { CoreConfigText, type CorePlace } from '../../../xray/config/index.js';
import type { ActiveCoreConfig } from '../../core/index.js';
import type { CoreBody } from '../adapters/core-connection.js';
import type { OutboxPlace } from '../domain/change-cursor.js';
import { DesiredUsers } from './desired-users.js';

/** A body that is older than this is made anew, even while others use it: what changed since has to be applied one by one. */
const SHARED_MS = 30_000;

/** What many cores may be started with. */
export interface SharedBody {
  /** The place in the outbox that belongs to its users. */
  place: OutboxPlace;
  /** Of all inbounds together. */
  accounts: number;
  /** The config for one start of one core, with the marker of that start. */
  marked(marker: string): CoreBody;
}

interface Entry {
  version: bigint;
  madeAt: number;
  body: Promise<SpooledBody>;
  /** How many use it. */
  users: number;
}

/** Complete configs to start cores with, each for all cores that are started with it at the same time. */
@Injectable()
export class CoreBodies {
  private readonly logger = new Logger(CoreBodies.name);
  private readonly folder: string;
  private current: Entry | undefined;

  constructor(
    private readonly users: DesiredUsers,
    private readonly secrets: Secrets,
    config: Config,
  ) {
    this.folder = join(config.dataDir, 'spool');
  }

  /** Lets `work` use the config with all users of one moment, at most half a minute ago. */
  async use<T>(active: ActiveCoreConfig, work: (body: SharedBody) => Promise<T>): Promise<T> {
    const { version } = active;
    const isUsable = this.current?.version === version && performance.now() < this.current.madeAt + SHARED_MS;
    const entry = isUsable ? this.current! : this.begin(active);
    entry.users++; // at once, so that nobody closes it meanwhile
    try {
      return await work(await entry.body);
    } finally {
      if (--entry.users === 0) {
        this.forget(entry);
        await entry.body
          .then(
            (body) => body.close(),
            () => undefined,
          )
          .catch((error: unknown) => this.logger.warn({ err: error }, 'A spool was not closed'));
      }
    }
  }

  private begin(active: ActiveCoreConfig): Entry {
    const entry = { version: active.version, madeAt: performance.now(), body: this.make(active), users: 0 };
    entry.body.catch(() => this.forget(entry));
    return (this.current = entry);
  }

  private forget(entry: Entry): void {
    if (this.current === entry) this.current = undefined;
  }

  private async make(active: ActiveCoreConfig): Promise<SpooledBody> {
    const text = new CoreConfigText({
      config: active.config,
      inbounds: active.inbounds,
      secret: this.secrets.nodeCredentials,
    });
    const lists = await Promise.all(active.inbounds.map(() => Spool.make(this.folder)));
    let accounts = 0;
    try {
      const place = await this.users.snapshot(async (batch) => {
        const added = batch.map((user) => text.clientsOf(user));
        for (const clients of added) for (const client of clients) if (client !== '') accounts++;
        await Promise.all(
          lists.map((list, index) => list.append(added.map((clients) => clients[index]).join(''))),
        );
      });
      await Promise.all(lists.map((list) => list.flush())); // a core is ended for it next
      return new SpooledBody(text, lists, place, accounts);
    } catch (error) {
      await Promise.all(lists.map((list) => list.close()));
      throw error;
    }
  }
}

/** A config whose lists of clients are on disk. */
class SpooledBody implements SharedBody {
  constructor(
    private readonly text: CoreConfigText,
    private readonly lists: readonly Spool[],
    readonly place: OutboxPlace,
    readonly accounts: number,
  ) {}

  marked(marker: string): CoreBody {
    return { chunks: (place) => this.chunks(place, marker) };
  }

  private async *chunks(place: CorePlace, marker: string): AsyncGenerator<Buffer> {
    for (const piece of this.text.pieces(place, marker)) {
      if (typeof piece === 'string') yield Buffer.from(piece);
      else yield* this.lists[piece.list]!.read(piece.skip);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.lists.map((list) => list.close()));
  }
}
