import { Injectable, Logger } from '@nestjs/common';
import { DatabaseEvents } from '../../../shared/database/database-events.js';
import { Pause } from '../../../shared/scheduling/pause.js';
import {
  advance,
  before,
  type Cursor,
  isAfter,
  newTo,
  type OutboxPlace,
  type ReadPosition,
  startAt,
  type UserChange,
} from '../domain/change-cursor.js';
import { LIMIT, type ReadChanges, UserChangesRepository } from './user-changes.repository.js';

/** Notifications tell of changes at once; a lost one costs this much. */
const LOOK_MS = 500;

/** Changes that lie between two places of the outbox. */
export interface ChangeBatch {
  changes: UserChange[];
  from: Cursor;
  to: Cursor;
}

/** The one reader of the outbox in this process. However many follow it, it asks once for those who stand together. */
@Injectable()
export class ChangeFeed {
  private readonly logger = new Logger('User changes');
  private readonly followers = new Set<ChangeFollower>();
  private readonly pause = new Pause();
  private running: Promise<void> | undefined;

  constructor(
    private readonly outbox: UserChangesRepository,
    events: DatabaseEvents,
  ) {
    events.on('user_change', () => this.pause.wake());
  }

  /**
   * Reads on from `cursor` for a new follower, until it is closed. One that stands further back than the others catches
   * up and then stands with them. `onChanges` tells that there is something to take.
   */
  follow(cursor: Cursor, onChanges: () => void): ChangeFollower {
    const follower = new ChangeFollower(startAt(cursor), onChanges, {
      onRoom: () => this.pause.wake(),
      onClose: () => {
        this.followers.delete(follower);
        if (this.followers.size === 0) this.pause.wake();
      },
    });
    this.followers.add(follower);
    this.pause.wake();
    this.running ??= this.run();
    return follower;
  }

  /** Prepares for a database that is another one than before. */
  noteDatabase(): Promise<void> {
    return this.outbox.noteDatabase();
  }

  /** Where one starts that has seen the users as they are now. */
  horizon(): Promise<OutboxPlace> {
    return this.outbox.horizon();
  }

  private async run(): Promise<void> {
    let failed = false;
    while (this.followers.size > 0) {
      this.pause.reset();
      let isComplete = true;
      try {
        isComplete = await this.read();
        failed = false;
      } catch (error) {
        if (!failed) this.logger.error({ err: error }, 'Changes of users cannot be read at the moment');
        failed = true;
      }
      if (isComplete) await this.pause.wait(LOOK_MS);
    }
    this.running = undefined;
  }

  /**
   * Asks once for all: what one has had already is left out for him, and then all stand at the same place. If that is too
   * much for one reading, each place is read for itself, so that nobody waits until another has caught up. Whether
   * everybody has everything.
   */
  private async read(): Promise<boolean> {
    const groups = byPosition([...this.followers].filter(({ hasRoom }) => hasRoom));
    if (groups.size === 0) return true;
    const positions = [...groups.keys()];
    const furthest = positions.reduce((most, { cursor }) => (cursor.xid > most ? cursor.xid : most), 0n);
    const read = await this.outbox.after(before(positions), furthest);
    if (read.isComplete) {
      tell(groups, read);
      return true;
    }
    let isComplete = true;
    for (const [position, all] of groups) {
      const own = groups.size === 1 ? read : await this.outbox.after(position);
      tell(new Map([[position, all]]), own);
      isComplete &&= own.isComplete;
    }
    return isComplete;
  }
}

/** One who follows the outbox at his own pace. */
export class ChangeFollower {
  private batches: ChangeBatch[] = [];
  private waiting = 0;

  constructor(
    private at: ReadPosition,
    private readonly onChanges: () => void,
    private readonly feed: { onRoom: () => void; onClose: () => void },
  ) {}

  /** Up to where it was read. */
  get position(): ReadPosition {
    return this.at;
  }

  /** Whoever does not take what there is gets no more, so that it does not grow without end. */
  get hasRoom(): boolean {
    return this.waiting < LIMIT;
  }

  /** What was read since the last call, in order. */
  take(): ChangeBatch[] {
    const { batches, hasRoom } = this;
    this.batches = [];
    this.waiting = 0;
    if (!hasRoom) this.feed.onRoom();
    return batches;
  }

  give(changes: UserChange[], position: ReadPosition): void {
    const from = this.at.cursor;
    const to = position.cursor;
    this.at = position;
    this.waiting += changes.length;
    const last = this.batches.at(-1);
    if (changes.length === 0 && last) last.to = to;
    else this.batches.push({ changes, from, to });
    if (changes.length > 0) this.onChanges();
  }

  close(): void {
    this.feed.onClose();
  }
}

function byPosition(followers: readonly ChangeFollower[]): Map<ReadPosition, ChangeFollower[]> {
  const groups = new Map<ReadPosition, ChangeFollower[]>();
  for (const follower of followers) {
    const group = groups.get(follower.position);
    if (group) group.push(follower);
    else groups.set(follower.position, [follower]);
  }
  return groups;
}

/** Those who come to stand at the same place get the same position, by which they are known to stand together. */
function tell(groups: Map<ReadPosition, ChangeFollower[]>, { changes, horizon }: ReadChanges): void {
  const reached: ReadPosition[] = [];
  for (const [position, followers] of groups) {
    const next = advance(position, changes, horizon, LIMIT);
    let to = reached.find((other) => isSame(other, next));
    if (!to) reached.push((to = next));
    const news = newTo(position, changes);
    for (const follower of followers) follower.give(news, to);
  }
}

function isSame(a: ReadPosition, b: ReadPosition): boolean {
  return (
    !isAfter(a.cursor, b.cursor) &&
    !isAfter(b.cursor, a.cursor) &&
    a.beyond.length === b.beyond.length &&
    newTo(a, b.beyond).length === 0
  );
}
