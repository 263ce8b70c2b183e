import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { BadRequest } from '../../../shared/domain/errors.js';
import { LOG_BACKLOG } from '../adapters/node-adapter.js';
import { NodeAdapters } from '../adapters/node-adapters.js';
import type { Node } from '../node.js';
import { NodesRepository } from '../nodes.repository.js';
import { Continuation } from './continuation.js';

const RETRY_MS = 2_000;

/** Is told lines of a log, the last ones there are at once. */
export type LineListener = (lines: readonly string[]) => void;

/** Listens until the returned function is called. */
export type LogSource = (listener: LineListener) => () => void;

/** Logs of cores. Each is read once, however many listen to it, and only while someone does. */
@Injectable()
export class NodeLogs {
  private readonly feeds = new Map<number, LogFeed>();

  constructor(
    private readonly adapters: NodeAdapters,
    private readonly nodes: NodesRepository,
  ) {}

  /** The log of the service's own core; where it cannot be read here, one line that says so. */
  async ofLocalCore(): Promise<LogSource> {
    const nodes = await this.nodes.listLocal();
    const id = await this.adapters.local?.dataDirId();
    const own = nodes.find((node) => node.dataDirId === id);
    if (own) {
      return (listener) => {
        if (own.trouble !== null) listener([own.trouble]); // nothing else shows it, as this node is none of the API's
        return this.listen(own.id, listener);
      };
    }
    const others = nodes.flatMap(({ ownerName }) => ownerName ?? []);
    return says(
      others.length === 0
        ? 'There is no Xray beside this replica of the service, so there is no log to show.'
        : `The core runs beside another replica of the service (${others.join(', ')}); its log is there.`,
    );
  }

  /** The log of a node whose core runs; undefined when it cannot be read from here now. @throws NoLog */
  async ofNode(node: Node): Promise<LogSource | undefined> {
    const adapter = this.adapters.of(node.kind);
    if (adapter && !adapter.logs) throw new NoLog();
    const isRunning = node.status === 'connected' || node.xrayVersion !== null;
    if (!isRunning || !adapter) return undefined;
    return (listener) => this.listen(node.id, listener);
  }

  private listen(nodeId: number, listener: LineListener): () => void {
    const feed = this.feeds.get(nodeId) ?? new LogFeed((signal) => this.open(nodeId, signal));
    this.feeds.set(nodeId, feed);
    const stop = feed.add(listener);
    return () => {
      if (stop() === 0 && this.feeds.get(nodeId) === feed) this.feeds.delete(nodeId);
    };
  }

  /** Looks each time how the node is reached: its session may be another one by now. */
  private async *open(nodeId: number, signal: AbortSignal): AsyncGenerator<string[]> {
    const reach = await this.nodes.reach(nodeId);
    const adapter = reach && this.adapters.of(reach.kind);
    if (reach && adapter?.logs) yield* adapter.logs(reach, signal);
  }
}

/** Of a core that is reached by its API alone. */
class NoLog extends BadRequest {
  constructor() {
    super("Xray does not tell its log over its API; it is where that Xray's owner has it written");
  }
}

/** One log that is being read for its listeners. */
class LogFeed {
  private readonly logger = new Logger(NodeLogs.name);
  private readonly listeners = new Set<LineListener>();
  private readonly aborter = new AbortController();
  private recent: string[] = [];

  constructor(private readonly open: (signal: AbortSignal) => AsyncIterable<string[]>) {
    void this.read();
  }

  /** The returned function removes the listener, and says how many are left; with the last one the reading ends. */
  add(listener: LineListener): () => number {
    this.listeners.add(listener);
    if (this.recent.length > 0) listener(this.recent);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.aborter.abort();
      return this.listeners.size;
    };
  }

  private async read(): Promise<void> {
    const { signal } = this.aborter;
    while (!signal.aborted) {
      try {
        const continuation = new Continuation(this.recent);
        for await (const lines of this.open(signal)) this.tell(continuation.take(lines));
      } catch (error) {
        if (!signal.aborted) this.logger.debug({ err: error }, 'A log broke off; it is opened again');
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private tell(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.recent = [...this.recent, ...lines].slice(-LOG_BACKLOG);
    for (const listener of this.listeners) listener(lines);
  }
}

function says(line: string): LogSource {
  return (listener) => {
    listener([line]);
    return () => undefined;
  };
}
