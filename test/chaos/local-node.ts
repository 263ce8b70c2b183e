import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { XrayClient } from '../../src/xray/grpc/index.js';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { processIdentity } from '../../src/xray/process/index.js';
import { ChaosNode, marksOf } from './chaos-node.js';
import { CounterNotes, CounterRelay } from './counter-relay.js';

const LOOK_MS = 10;

/**
 * The core of the service itself, which belongs to a folder of data. What the service takes for Xray only notes the config,
 * has the API listen at another socket, and becomes the real one; the relay is at the socket that the service knows.
 */
export class LocalNode extends ChaosNode {
  protected readonly notes = new CounterNotes();
  readonly facts = undefined;
  /** What the replicas of the folder are to start. */
  readonly executable: string;
  /** The folder of data that its replicas share. */
  readonly dataDir: string;
  private readonly folder: string;
  private readonly known = new Set<string>();
  private readonly watching: Promise<void>;
  private socket = '';
  private isKilling = false;
  private isClosed = false;

  constructor(
    number: number,
    folder: string,
    xray: XrayExecutable,
    /** Those that have its folder, by name. */
    readonly replicas: readonly string[],
  ) {
    super('Master', `127.0.1.${number}`);
    this.dataDir = join(folder, 'data');
    this.folder = join(folder, 'runs');
    for (const made of [this.dataDir, this.folder]) mkdirSync(made);
    this.executable = join(folder, 'xray');
    writeFileSync(this.executable, script(xray.path, this.folder), { mode: 0o755 });
    this.watching = this.watch();
  }

  async killCore(): Promise<boolean> {
    const { run } = this;
    if (!run) return false;
    this.isKilling = true;
    process.kill(run.pid, 'SIGKILL');
    while (run.end === undefined) await sleep(LOOK_MS);
    this.isKilling = false;
    return true;
  }

  client(): XrayClient {
    return new XrayClient(`unix:${this.socket}`);
  }

  /** The core itself ends with its replicas. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.watching;
  }

  private async watch(): Promise<void> {
    const living: Promise<void>[] = [];
    while (!this.isClosed) {
      for (const file of readdirSync(this.folder)) {
        if (!file.endsWith('.json') || this.known.has(file)) continue;
        this.known.add(file);
        living.push(this.attend(Number.parseInt(file)));
      }
      await sleep(LOOK_MS);
    }
    await Promise.all(living);
  }

  /** Cares for one process until it is gone. */
  private async attend(pid: number): Promise<void> {
    const identity = processIdentity(pid);
    const config = readFileSync(join(this.folder, `${pid}.json`), 'utf8');
    if (identity === undefined || !config.endsWith('}')) return; // whoever wanted to start it was killed
    const run = this.begin({ ...marksOf(config), pid });
    const isAlive = () => processIdentity(pid) === identity;
    const inbounds = (JSON.parse(config) as { inbounds: { listen: string }[] }).inbounds;
    const socket = inbounds[0]!.listen.replace(',0600', '');
    while (isAlive() && !(await isListening(socket))) await sleep(LOOK_MS);
    const relay = isAlive()
      ? await CounterRelay.beforeSocket(socket, socket.replace(/\.core$/, ''), this.notes)
      : undefined;
    this.socket = socket;
    while (isAlive() && !this.isClosed) await sleep(LOOK_MS);
    if (!isAlive()) this.end(run, this.isKilling ? 'killed' : 'replaced');
    await relay?.close();
  }
}

/** Becomes the real one, so that its process is the one that was started. */
function script(xray: string, runs: string): string {
  return `#!/bin/sh
PATH=/usr/bin:/bin
[ "$*" = 'run -config stdin:' ] || exec '${xray}' "$@"
sed 's#\\(/api-[a-z0-9]*\\),0600#\\1.core,0600#' > '${runs}'/$$.new
mv '${runs}'/$$.new '${runs}'/$$.json
exec '${xray}' "$@" < '${runs}'/$$.json
`;
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
