import type { Account, ResolvedInbound } from '../../../../xray/config/types.js';
import { CoreError } from '../../../../xray/grpc/index.js';
import { type XrayFolder, XrayProcess, XrayStartFailed } from '../../../../xray/process/index.js';
import { CoreApi } from '../core-api.js';
import {
  type CoreBody,
  CoreRefused,
  type CoreState,
  type Counters,
  type StartableCore,
} from '../core-connection.js';

interface Running {
  process: XrayProcess;
  api: CoreApi;
  lost: AbortSignal;
}

/** The core of this machine: a child process, or one that survived its parent. */
export class LocalCore implements StartableCore {
  readonly startsCore = true;
  readonly endsWithOwner = true;
  readonly movesFreely = false;
  private running: Running | undefined;

  constructor(private readonly folder: XrayFolder) {}

  get lost(): AbortSignal | undefined {
    return this.running?.lost;
  }

  observe(signal: AbortSignal): Promise<CoreState> {
    return this.look('observe', signal);
  }

  glance(signal: AbortSignal): Promise<CoreState> {
    return this.look('glance', signal);
  }

  private async look(how: 'observe' | 'glance', signal: AbortSignal): Promise<CoreState> {
    if (!this.running?.process.isRunning) {
      this.close();
      const process = await XrayProcess.adopt(this.folder.path);
      if (!process) return { running: false };
      this.running = connectTo(process);
    }
    const { process, api } = this.running;
    await process.log.trim();
    return api[how](process.version, signal);
  }

  async restart(body: CoreBody, beforeEnd: () => Promise<void>, signal: AbortSignal): Promise<string> {
    const endFormer = async () => {
      await beforeEnd();
      await this.stop();
    };
    try {
      const process = await XrayProcess.start(this.folder, (apiListen) => body.chunks({ apiListen }), {
        whenPrepared: endFormer,
        signal,
      });
      this.running = connectTo(process);
      return process.version;
    } catch (error) {
      if (error instanceof XrayStartFailed) throw new CoreRefused(error.message, { cause: error });
      throw error;
    }
  }

  async stop(): Promise<void> {
    const process = this.running?.process ?? (await XrayProcess.adopt(this.folder.path));
    this.close();
    await process?.stop();
  }

  close(): void {
    this.running?.api.close();
    this.running = undefined;
  }

  addAccount(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<void> {
    return this.api().addAccount(inbound, account, signal);
  }

  removeAccount(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<void> {
    return this.api().removeAccount(inbound, email, signal);
  }

  accounts(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<Account[]> {
    return this.api().accounts(inbound, email, signal);
  }

  eachAccount(
    inbound: ResolvedInbound,
    take: (account: Account) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return this.api().eachAccount(inbound, take, signal);
  }

  counters(signal: AbortSignal, patienceMs?: number): Promise<Counters> {
    return this.api().counters(signal, patienceMs);
  }

  private api(): CoreApi {
    if (!this.running?.process.isRunning) throw new CoreError('unavailable', 'Xray is not running');
    return this.running.api;
  }
}

function connectTo(process: XrayProcess): Running {
  const lost = new AbortController();
  void process.untilExit().then(() => lost.abort());
  return { process, api: new CoreApi(process.connect()), lost: lost.signal };
}
