import { XrayClient } from '../../src/xray/grpc/index.js';
import { readMarkers } from '../../src/xray/config/index.js';
import type { CounterNotes, Reading } from './counter-relay.js';
import type { FaultyLine, LineFault } from './faulty-line.js';

/**
 * Why a core process is gone: the suite killed it, its agent or whoever owns it, or the service had it ended, be it for
 * another one. One that somebody else runs may also be claimed anew, for another node, while it goes on.
 */
export type CoreEnd =
  'killed' | 'agent restarted' | 'started anew by its owner' | 'claimed anew' | 'disconnected' | 'replaced';

/** One core process that ran, or one claim on it. */
export interface CoreRun {
  marker: string;
  configMark: string;
  pid: number;
  startedAt: number;
  /** Why there is this process, where it is not the service that starts it. */
  cause: string | undefined;
  end: CoreEnd | undefined;
  endedAt: number | undefined;
}

/** What begins a run. */
export type Beginning = Pick<CoreRun, 'marker' | 'configMark' | 'pid'> & Partial<Pick<CoreRun, 'cause'>>;

/** A node with a real Xray, and what there is to know about its processes. */
export abstract class ChaosNode {
  /** Of all the nodes that it was to the service, one after the other. */
  readonly ids: number[] = [];
  readonly runs: CoreRun[] = [];
  protected abstract readonly notes: CounterNotes;
  /** Over which the service reaches it. */
  protected readonly lines: readonly FaultyLine[] = [];

  constructor(
    readonly name: string,
    /** Where its inbounds are. */
    readonly address: string,
  ) {}

  /** How an operator adds it; undefined for one that nobody adds. */
  abstract readonly facts: object | undefined;

  get id(): number {
    return this.ids.at(-1)!;
  }

  get run(): CoreRun | undefined {
    const last = this.runs.at(-1);
    return last?.end === undefined ? last : undefined;
  }

  readings(marker: string, of: Reading['of']): Reading[] {
    return this.notes.of(marker, of);
  }

  setFault(fault: LineFault | undefined): void {
    for (const line of this.lines) line.fault = fault;
  }

  get hasLine(): boolean {
    return this.lines.length > 0;
  }

  /** `kill -9`. Whether there was one. */
  abstract killCore(): Promise<boolean>;

  /** The API of the core, past all lines. */
  abstract client(): XrayClient;

  abstract close(): Promise<void>;

  protected begin(what: Beginning): CoreRun {
    const run = { cause: undefined, ...what, startedAt: Date.now(), end: undefined, endedAt: undefined };
    this.runs.push(run);
    return run;
  }

  protected end(run: CoreRun, end: CoreEnd): void {
    run.end ??= end;
    run.endedAt ??= Date.now();
  }
}

/** What the text of a config tells of the process that it is for. */
export function marksOf(config: string): { marker: string; configMark: string } {
  const { outbounds } = JSON.parse(config) as { outbounds: { tag?: string }[] };
  const { process = '', config: configMark = '' } = readMarkers(outbounds.map(({ tag = '' }) => tag));
  return { marker: process, configMark };
}
