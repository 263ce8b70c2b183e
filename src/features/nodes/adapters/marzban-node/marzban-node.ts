import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { within } from '../../../../shared/scheduling/within.js';
import { CoreError, type XrayClient } from '../../../../xray/grpc/index.js';
import type { NodeIdentity } from '../../identity/node-identity.js';
import type { NodeReach } from '../../node.js';
import { CoreApi } from '../core-api.js';
import {
  type CoreBody,
  CoreRefused,
  type CoreState,
  HeldByAnother,
  type RunningCore,
  type StartableCore,
} from '../core-connection.js';
import { type Endpoint, endpointOf, hostPort } from '../../endpoint.js';
import type { NodeMemory } from '../node-adapter.js';
import { removeAccounts } from '../remove-accounts.js';
import { AgentClient, AlreadyStarted } from './agent-client.js';
import { assertNoneLeft, findLeftCore } from './left-core.js';
import { answers, whyUnreachable } from './agent-api.js';
import { type AgentTrust, connectPinned, pinnedClient } from './pinned-tls.js';

/** How long a core may take until its API answers. */
const READY_MS = 8_000;
const READY_POLL_MS = 200;
/** Agents do not wait for the end of the core they replace, whose ports are then in use for a moment. */
const PORTS_FREE_MS = 300;
const UNKNOWN_VERSION = 'unknown';

export interface MarzbanNodeSettings {
  identity: Pick<NodeIdentity, 'get'>;
  certPin: 'tofu' | 'always-trust';
  apiSources: readonly string[];
}

/**
 * A core behind Marzban's agent: REST starts it, its own API does the rest. The agent knows one session at a time, and a
 * new one ends the core; so the session is stored and goes on with whoever owns the node.
 */
export class MarzbanNode implements StartableCore {
  readonly startsCore = true;
  readonly endsWithOwner = false;
  readonly lost = undefined;
  private readonly logger: Logger;
  private readonly endpoint: Endpoint;
  private readonly apiEndpoint: Endpoint;
  private session: string | null;
  private pin: string | undefined;
  private isPinStored: boolean;
  private api: { client: XrayClient; core: CoreApi; version: string; marker: string | undefined } | undefined;
  /** Of the process that was worked with last. */
  private marker: string | null;
  /** Whether the session was made from here, so that Xray's API lets this replica in. */
  private isOwnSession = false;
  private heldByAnother = false;

  constructor(
    private readonly reach: NodeReach,
    private readonly memory: NodeMemory,
    private readonly settings: MarzbanNodeSettings,
  ) {
    this.logger = new Logger(`Node ${reach.nodeId}`);
    this.endpoint = endpointOf(reach.address, reach.port);
    this.apiEndpoint = endpointOf(reach.address, reach.apiPort);
    this.session = reach.sessionId;
    this.marker = reach.coreMarker;
    this.pin = settings.certPin === 'tofu' ? (reach.certificate ?? undefined) : undefined;
    this.isPinStored = this.pin !== undefined;
  }

  /** Without these networks Xray lets in only the address that connected last, and nobody knows whether others have it. */
  get movesFreely(): boolean {
    return this.settings.apiSources.length > 0;
  }

  async observe(signal: AbortSignal): Promise<CoreState> {
    const known = await this.knownCore('observe', signal);
    return known ?? this.observeByAgent(signal);
  }

  async glance(signal: AbortSignal): Promise<CoreState> {
    const known = await this.knownCore('glance', signal);
    return known ?? this.observeByAgent(signal);
  }

  private async observeByAgent(signal: AbortSignal): Promise<CoreState> {
    const agent = await this.agent(signal);
    const isOurs = this.session !== null && (await agent.ping(this.session, signal));
    const { connected, started, coreVersion } = await agent.state(signal);
    this.heldByAnother = this.session !== null && !isOurs && connected;
    if (this.heldByAnother) throw this.taken();
    // Without a session of ours, whatever runs there is nobody's that we know, and a new session ends it.
    if (!isOurs) this.session = null;
    if (!started) return (await this.leftCore(coreVersion, signal)) ?? { running: false };
    if (!isOurs) return (await this.importedCore(coreVersion, signal)) ?? { running: false };
    return (await this.reachApi(coreVersion, signal)) ?? this.shutOut(signal);
  }

  async restart(body: CoreBody, beforeEnd: () => Promise<void>, signal: AbortSignal): Promise<string> {
    const config = () => this.chunksOf(body); // a stream is read once, and a start may be tried again
    const agent = await this.agent(signal);
    const before = await agent.state(signal);
    if (!before.started)
      await this.overApi((client) => assertNoneLeft(client, hostPort(this.apiEndpoint), signal));
    const keepsSession = await this.keepsSession(agent, before.connected, signal);
    await beforeEnd();
    this.close();
    if (!keepsSession) {
      await this.connect(agent, signal);
      if (before.started) await sleep(PORTS_FREE_MS, undefined, { signal });
    }
    const sessionId = this.session!;
    const start = async () => {
      const { started } = await agent.state(signal);
      return agent.start(started ? '/restart' : '/start', { sessionId, config }, signal);
    };
    const { coreVersion } = await start().catch(async (error: unknown) => {
      if (error instanceof AlreadyStarted) return agent.start('/restart', { sessionId, config }, signal);
      if (!(error instanceof CoreRefused) || !/address already in use/i.test(error.message)) throw error;
      await sleep(PORTS_FREE_MS, undefined, { signal });
      return start();
    });
    const state = await this.reachApi(coreVersion, signal);
    if (!state) throw new CoreError('unavailable', (await this.whyUnreachable(signal)).why);
    return state.version;
  }

  async stop(lasting: AbortSignal): Promise<void> {
    const signal = within(READY_MS, lasting); // of all calls together
    this.close();
    const agent = await this.agent(signal);
    // An agent asks nobody whose session it ends: another panel's core is not ours to stop.
    if (this.session === null || !(await agent.ping(this.session, signal))) return this.leave(agent, signal);
    await agent.disconnect(signal);
    this.session = null;
    await this.memory.saveSession(null);
  }

  /** Nobody can end a core that no agent knows of; what can be done is to take the users off it. */
  private async leave(agent: AgentClient, signal: AbortSignal): Promise<void> {
    const { connected, started, coreVersion } = await agent.state(signal);
    if (connected || started) return;
    try {
      if (!(await this.leftCore(coreVersion, signal))) return;
      const { client } = this.api!;
      await removeAccounts(client, await client.listInbounds(signal), new Set(), signal);
      this.logger.warn('Xray goes on there without users, as its agent does not know of it');
    } catch (error) {
      if (!(error instanceof HeldByAnother)) throw error;
    } finally {
      this.close();
    }
  }

  close(): void {
    this.api?.core.close();
    this.api = undefined;
  }

  addAccount: StartableCore['addAccount'] = (...call) => this.current().addAccount(...call);
  removeAccount: StartableCore['removeAccount'] = (...call) => this.current().removeAccount(...call);
  accounts: StartableCore['accounts'] = (...call) => this.current().accounts(...call);
  eachAccount: StartableCore['eachAccount'] = (...call) => this.current().eachAccount(...call);
  counters: StartableCore['counters'] = (...call) => this.current().counters(...call);

  private current(): CoreApi {
    if (!this.api) throw new CoreError('unavailable', 'The node is not connected');
    return this.api.core;
  }

  /** A way to the agent; at the first contact the certificate it shows is believed. */
  private async agent(signal: AbortSignal): Promise<AgentClient> {
    if (this.settings.certPin === 'always-trust' || this.pin === undefined) {
      const probe = await connectPinned(this.endpoint, { ...(await this.trust()), pin: undefined }, signal);
      probe.socket.destroy();
      this.pin = probe.certificate;
    }
    return new AgentClient(this.endpoint, await this.trust());
  }

  private async trust(): Promise<AgentTrust> {
    return { identity: await this.settings.identity.get(), pin: this.pin };
  }

  /**
   * Whether the session goes on. It ended in order when the agent has none at all: it was started anew, or told to end it.
   * If the agent has one with somebody else, only an operator who has seen so may take the node back; otherwise two panels
   * would take it from each other for ever, and end its core each time.
   */
  private async keepsSession(
    agent: AgentClient,
    isConnected: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.session === null) return false;
    if (await agent.ping(this.session, signal)) return true;
    if (isConnected && !this.heldByAnother) throw this.taken();
    return false;
  }

  private async connect(agent: AgentClient, signal: AbortSignal): Promise<void> {
    this.session = null;
    // First, so that a session whose id is lost here is taken for nobody's, not for another panel's.
    await this.memory.saveSession(null);
    const session = await agent.connect(signal);
    await this.memory.saveSession(session);
    this.session = session;
    this.isOwnSession = true;
    this.heldByAnother = false;
    if (this.settings.certPin === 'tofu' && !this.isPinStored) {
      await this.memory.saveCertificate(this.pin!);
      this.isPinStored = true;
    }
  }

  private chunksOf(body: CoreBody): AsyncIterable<Buffer> {
    const readFile = (path: string) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        const reason = (error as Error).message;
        throw new CoreError(
          'other',
          `a TLS file of the core config cannot be read by the service: ${reason}`,
        );
      }
    };
    return body.chunks({ apiSources: this.settings.apiSources, readFile });
  }

  /** The core as its own API shows it; undefined when that is not enough, and the agent has to be asked. */
  private async knownCore(look: 'observe' | 'glance', signal: AbortSignal): Promise<RunningCore | undefined> {
    if (!this.api) return undefined;
    const { core, version, marker } = this.api;
    try {
      const state = await core[look](version, signal);
      if (state.process.marker === marker) return state;
    } catch (error) {
      if (!(error instanceof CoreError) || !error.isConnection) throw error;
    }
    this.close();
    return undefined;
  }

  /** Waits until Xray's own API lets us in. */
  private async reachApi(coreVersion: string | null, signal: AbortSignal): Promise<RunningCore | undefined> {
    this.close();
    const version = coreVersion ?? UNKNOWN_VERSION;
    const deadline = performance.now() + READY_MS;
    return this.overApi(async (client) => {
      while (!(await answers(client, signal))) {
        if (performance.now() > deadline) return undefined;
        await sleep(READY_POLL_MS, undefined, { signal });
      }
      return this.workWith(client, await new CoreApi(client).observe(version, signal));
    });
  }

  /** A core of this node whose agent ended without it is worked with as it is. @throws HeldByAnother for one of others */
  private leftCore(coreVersion: string | null, signal: AbortSignal): Promise<RunningCore | undefined> {
    this.close();
    const known = { marker: this.marker, version: coreVersion ?? UNKNOWN_VERSION };
    const where = hostPort(this.apiEndpoint);
    return this.overApi(async (client) => {
      const found = await findLeftCore(client, { ...known, where }, signal);
      return found && this.workWith(client, found);
    });
  }

  /**
   * The core that the panel left which this installation was imported from. It is worked with until a new session ends it, so
   * that what it has counted is charged. Its API lets in only the address that connected last.
   */
  private async importedCore(
    coreVersion: string | null,
    signal: AbortSignal,
  ): Promise<RunningCore | undefined> {
    if (!this.reach.coreIsImported) return undefined;
    this.close();
    return this.overApi(async (client) => {
      try {
        await client.sysStats(signal).catch((error: unknown) => {
          if (!(error instanceof CoreError) || error.code !== 'timeout') throw error;
          return client.sysStats(signal); // one late answer tells nothing
        });
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
        this.logger.warn(
          `What the former panel's core counted since that read it last cannot be charged: its API does not let this address in (${error.message})`,
        );
        return undefined;
      }
      return this.workWith(client, await new CoreApi(client).observe(coreVersion ?? UNKNOWN_VERSION, signal));
    });
  }

  /** Over a new connection to the core's API, which ends afterwards unless the core is worked with. */
  private async overApi<T>(work: (client: XrayClient) => Promise<T>): Promise<T> {
    const client = pinnedClient(this.apiEndpoint, this.pin!);
    try {
      return await work(client);
    } finally {
      if (this.api?.client !== client) client.close();
    }
  }

  private workWith(client: XrayClient, state: RunningCore): RunningCore {
    const { version, process } = state;
    this.api = { client, core: new CoreApi(client), version, marker: process.marker };
    this.marker = process.marker ?? null;
    return state;
  }

  /**
   * A core that runs and whose API does not answer: it lets in only whoever connected last, unless its config says more.
   * Where that may be the reason, a new session helps, once.
   */
  private async shutOut(signal: AbortSignal): Promise<CoreState> {
    const { hangsUp, why } = await this.whyUnreachable(signal);
    if (this.isOwnSession || !hangsUp) throw new CoreError('unavailable', why);
    this.logger.error(`The core is restarted only because ${why}`);
    this.session = null;
    return { running: false, shutOut: true };
  }

  private async whyUnreachable(signal: AbortSignal) {
    return whyUnreachable(this.apiEndpoint, await this.trust(), signal);
  }

  private taken(): HeldByAnother {
    return new HeldByAnother(
      `another panel has taken this node (${hostPort(this.endpoint)}) and stopped its core; remove it there, then reconnect it here`,
    );
  }
}
