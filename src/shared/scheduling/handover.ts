import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** Work that other replicas take over when this one is told to stop: at once, while it still answers requests. */
@Injectable()
export class Handover implements BeforeApplicationShutdown {
  private readonly works: (() => Promise<void>)[] = [];
  private begun: Promise<void> | undefined;

  /** `giveUp` ends a kind of work and tells the others that they may have it. */
  add(giveUp: () => Promise<void>): void {
    this.works.push(giveUp);
  }

  /** Gives everything up, once. */
  begin(): Promise<void> {
    this.begun ??= Promise.all(this.works.map((giveUp) => giveUp())).then(() => undefined);
    return this.begun;
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.begin();
  }
}
