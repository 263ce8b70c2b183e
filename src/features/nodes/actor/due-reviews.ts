import type { Logger } from '@nestjs/common';
import type { UserReviews } from '../../users/index.js';

/** Has users reviewed who may have reached a limit: one review after the other, each for all who came meanwhile. */
export class DueReviews {
  private readonly waiting = new Set<number>();
  private running: Promise<void> | undefined;

  constructor(
    private readonly reviews: UserReviews,
    private readonly logger: Logger,
  ) {}

  /** Ends when they are reviewed. Never fails. */
  add(userIds: readonly number[]): Promise<void> {
    for (const id of userIds) this.waiting.add(id);
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  private async run(): Promise<void> {
    try {
      while (this.waiting.size > 0) {
        const ids = [...this.waiting];
        this.waiting.clear();
        await this.reviews.reviewUsers(ids);
      }
    } catch (error) {
      // The periodic review finds them too.
      this.logger.warn({ err: error }, 'Users who may have reached a limit could not be reviewed at once');
    }
  }
}
