import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Handover } from './handover.js';
import { Pause } from './pause.js';
import { Replica } from './replica.js';
import { ReplicasRepository } from './replicas.repository.js';

const BEAT_MS = 5_000;
const RETRY_MS = 1_000;

/** Shows the other replicas and operators that this one lives, whatever its role. */
@Injectable()
export class Heartbeat implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Replica');
  private readonly pause = new Pause();
  private isEnding = false;
  private running: Promise<void> = Promise.resolve();
  private drained: Promise<void> | undefined;

  constructor(
    private readonly replica: Replica,
    private readonly replicas: ReplicasRepository,
    private readonly handover: Handover,
  ) {
    handover.add(() => this.drain());
  }

  async onModuleInit(): Promise<void> {
    await this.replicas.beat(this.replica);
    this.running = this.run();
  }

  /** Nobody counts on this replica any more, though it may go on answering requests for a while. */
  drain(): Promise<void> {
    this.drained ??= this.replicas.drain(this.replica.id).catch(() => undefined); // it is seen to be gone soon enough
    return this.drained;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.handover.begin().catch(() => undefined);
    this.isEnding = true;
    this.pause.wake();
    await this.running;
    await this.replicas.remove(this.replica.id).catch(() => undefined);
  }

  private async run(): Promise<void> {
    let failed = false;
    for (;;) {
      await this.pause.wait(failed ? RETRY_MS : BEAT_MS * (0.9 + 0.2 * Math.random()));
      if (this.isEnding) return;
      try {
        await this.replicas.beat(this.replica);
        failed = false;
      } catch (error) {
        if (!failed)
          this.logger.warn({ err: error }, 'The other replicas cannot be shown that this one lives');
        failed = true;
      }
    }
  }
}
