import type { Counter, Traffic } from '../../../xray/grpc/index.js';
import { IdTable } from './id-table.js';

const MAX_ID = 2_147_483_647;

/** So many places of a table are looked at before others get their turn. */
const SLICE = 16_384;

/** What the counters of a core's users stand at, by user id: a million take some tens of megabytes. */
export class UserTraffic {
  private readonly table: IdTable;

  /** `like` has about as many users. */
  constructor(like?: UserTraffic) {
    this.table = new IdTable(like?.table.size);
  }

  /**
   * Adds one counter by the email of its account, `<id>.<username>`. Others, such as the operator's own accounts, are left
   * out, and so is what no username can be; several names of one user are added up.
   */
  add(counter: Counter): void {
    const { direction, value } = counter;
    const id = counter.numberBeforeDot;
    if (!isUserId(id) || value < 0 || counter.hasSeparator) return;
    this.table.add(this.table.place(id), direction === 'up' ? 0 : 1, value);
  }

  get(id: number): Traffic | undefined {
    const place = this.table.find(id);
    return place === undefined ? undefined : this.at(place);
  }

  /** All at once, for where there are few. */
  all(): Map<number, Traffic> {
    const { table } = this;
    const all = new Map<number, Traffic>();
    for (let place = 0; place < table.capacity; place++) {
      if (table.idAt(place) !== 0) all.set(table.idAt(place), this.at(place));
    }
    return all;
  }

  /** Those that are other than `charged`, or have moved since ever, some at a time: one part may be empty. */
  *movedSince(charged: UserTraffic): Generator<Map<number, Traffic>> {
    const { table } = this;
    for (let start = 0; start < table.capacity; start += SLICE) {
      const moved = new Map<number, Traffic>();
      for (let place = start; place < Math.min(start + SLICE, table.capacity); place++) {
        const id = table.idAt(place);
        if (id !== 0 && !table.isSame(place, charged.table)) moved.set(id, this.at(place));
      }
      yield moved;
    }
  }

  private at(place: number): Traffic {
    return { up: this.table.longs[place * 2]!, down: this.table.longs[place * 2 + 1]! };
  }
}

/** The user an account belongs to: what is before the first dot. */
export function userIdOf(email: string): number | undefined {
  const digits = /^(\d{1,10})\./.exec(email)?.[1];
  const id = Number(digits ?? 0);
  return isUserId(id) ? id : undefined;
}

function isUserId(id: number): boolean {
  return id > 0 && id <= MAX_ID;
}
