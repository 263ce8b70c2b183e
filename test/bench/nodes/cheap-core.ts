import { createHash } from 'node:crypto';
import { xray } from '../../../src/xray/grpc/package-definition.js';
import { field, withLength, withNumber } from './wire.js';

const MARKER = /"(PANEL_CFG_\w+)"/;
const VALUE_BYTES = 6;
/** A counter that moves does so once between two polls. */
const MOVE_MS = 5_000;
export const MOVED_BYTES = 10_000;

/** The users of one config, as the core lists them, by email in the order they came. */
type Listed = ReadonlyMap<string, Buffer>;
const bodies = new Map<string, Listed>();

export class Refused extends Error {}

export interface Traffic {
  /** Users that the core has counters of, and of those the ones with traffic. */
  reported: number;
  moving: number;
}

/**
 * One process of a core with one VLESS inbound, which costs next to nothing: cores that were started with the same users share them and
 * remember only what is different, and an answer with counters is written once and its numbers changed in place.
 */
export class CheapCore {
  readonly marker: string;
  private readonly startedAt = Date.now();
  private readonly users: Listed;
  private readonly all: Buffer;
  /** Undefined: removed. */
  private readonly changed = new Map<string, Buffer | undefined>();
  private readonly counters: Buffer;
  /** Where the numbers of those that move stand. */
  private readonly moving: number[] = [];
  private movedAt = 0;
  private moves = 0;

  constructor(
    config: string,
    private readonly traffic: Traffic,
    first: number,
  ) {
    this.marker = MARKER.exec(config)![1]!;
    this.users = listedOf(config);
    this.all = Buffer.concat([...this.users.values()]);
    this.counters = this.writeCounters(first);
  }

  /** Bytes counted so far. */
  get counted(): number {
    return this.moves * this.moving.length * MOVED_BYTES;
  }

  /** Answers a call; `isFrozen` lets no counter move. */
  answer(path: string, request: Buffer, isFrozen: boolean): Buffer {
    switch (path.slice(path.lastIndexOf('/') + 1)) {
      case 'AlterInbound':
        return this.alter(field(request, 2));
      case 'GetInboundUsers':
        return this.list(field(request, 2).toString());
      case 'QueryStats':
        return this.query(field(request, 1).toString(), isFrozen);
      default:
        return withNumber(10, Math.floor((Date.now() - this.startedAt) / 1000)); // SysStatsResponse.Uptime
    }
  }

  /** Whose account a request to alter an inbound is about. */
  static emailOf(request: Buffer): string {
    const operation = field(request, 2);
    const content = field(operation, 2);
    return isRemoval(operation) ? field(content, 1).toString() : field(field(content, 1), 2).toString();
  }

  private alter(operation: Buffer): Buffer {
    const content = field(operation, 2);
    const user = field(content, 1);
    const email = isRemoval(operation) ? user.toString() : field(user, 2).toString();
    const known = this.changed.has(email) ? this.changed.get(email) : this.users.get(email);
    if (isRemoval(operation)) {
      if (!known) throw new Refused(`proxy/vless: User ${email} not found.`);
      this.changed.set(email, undefined);
    } else {
      if (known) throw new Refused(`proxy/vless: User ${email} already exists.`);
      this.changed.set(email, withLength(1, user));
    }
    return Buffer.alloc(0);
  }

  private list(email: string): Buffer {
    if (email !== '') {
      return (this.changed.has(email) ? this.changed.get(email) : this.users.get(email)) ?? withLength(1, '');
    }
    if (this.changed.size === 0) return this.all;
    const left = [...this.users].flatMap(([name, user]) => (this.changed.has(name) ? [] : [user]));
    return Buffer.concat([...left, ...[...this.changed.values()].filter((user) => user !== undefined)]);
  }

  private query(pattern: string, isFrozen: boolean): Buffer {
    const marker = stat(`outbound>>>${this.marker}>>>traffic>>>uplink`, 0);
    if (pattern.startsWith('outbound')) return marker;
    if (!isFrozen && Date.now() - this.movedAt > MOVE_MS) {
      this.movedAt = Date.now();
      this.moves++;
      const value = padded(this.moves * MOVED_BYTES);
      for (const at of this.moving) value.copy(this.counters, at);
    }
    return Buffer.concat([this.counters, marker]);
  }

  private writeCounters(first: number): Buffer {
    const emails = [...this.users.keys()];
    const { reported, moving } = this.traffic;
    const parts: Buffer[] = [];
    let length = 0;
    for (let i = 0; i < Math.min(reported, emails.length); i++) {
      const email = emails[(first + i) % emails.length]!;
      for (const direction of ['uplink', 'downlink']) {
        const part = stat(`user>>>${email}>>>traffic>>>${direction}`, 0);
        parts.push(part);
        length += part.length;
        if (i < moving && direction === 'uplink') this.moving.push(length - VALUE_BYTES);
      }
    }
    return Buffer.concat(parts);
  }
}

function isRemoval(operation: Buffer): boolean {
  return field(operation, 1).includes('RemoveUser');
}

function stat(name: string, value: number): Buffer {
  return withLength(1, Buffer.concat([withLength(1, name), Buffer.from([2 << 3]), padded(value)]));
}

/** A number in always as many bytes. */
function padded(value: number): Buffer {
  const bytes = Buffer.alloc(VALUE_BYTES, 0x80);
  let left = value;
  for (let i = 0; i < VALUE_BYTES; i++, left = Math.floor(left / 128)) bytes[i]! |= left % 128;
  bytes[VALUE_BYTES - 1]! &= 0x7f;
  return bytes;
}

function listedOf(config: string): Listed {
  const digest = createHash('sha1').update(config.replace(MARKER, '')).digest('hex');
  const known = bodies.get(digest);
  if (known) return known;
  const { inbounds } = JSON.parse(config) as {
    inbounds: { settings?: { clients?: { id: string; email: string; flow?: string }[] } }[];
  };
  const clients = inbounds.flatMap(({ settings }) => settings?.clients ?? []);
  const listed = new Map(
    clients.map(({ id, email, flow = '' }) => {
      const value = xray.proxy.vless.Account.serialize({ id, flow });
      const account = Buffer.concat([withLength(1, 'xray.proxy.vless.Account'), withLength(2, value)]);
      return [email, withLength(1, Buffer.concat([withLength(2, email), withLength(3, account)]))];
    }),
  );
  bodies.set(digest, listed);
  return listed;
}
