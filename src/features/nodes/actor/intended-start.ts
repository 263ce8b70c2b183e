import type { OutboxPlace } from '../domain/change-cursor.js';
import type { StartReason } from '../domain/core-start.js';
import type { Refusal } from '../domain/refusal.js';

/** What is to be recorded of a core that is about to be started. */
export interface IntendedStart {
  marker: string;
  reason: StartReason;
  generation: bigint;
  restartGeneration: bigint;
  /** The version that was wanted; differs from `runningVersion` when the core refused it. */
  configVersion: bigint;
  runningVersion: bigint;
  runningHash: string;
  place: OutboxPlace;
  /** Why it does not run the wanted config. */
  refusal: Refusal | undefined;
}

/** The same in JSON. */
export type StoredStart = ReturnType<typeof toStored>;

export function toStored(start: IntendedStart) {
  const { generation, restartGeneration, configVersion, runningVersion, place } = start;
  return {
    ...start,
    generation: String(generation),
    restartGeneration: String(restartGeneration),
    configVersion: String(configVersion),
    runningVersion: String(runningVersion),
    place: { outboxId: place.outboxId, xid: String(place.cursor.xid), seq: String(place.cursor.seq) },
  };
}

export function fromStored(start: StoredStart): IntendedStart {
  const { outboxId, xid, seq } = start.place;
  return {
    ...start,
    generation: BigInt(start.generation),
    restartGeneration: BigInt(start.restartGeneration),
    configVersion: BigInt(start.configVersion),
    runningVersion: BigInt(start.runningVersion),
    place: { outboxId, cursor: { xid: BigInt(xid), seq: BigInt(seq) } },
  };
}
