import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { within } from '../../../../shared/scheduling/within.js';
import { CoreError, XrayClient } from '../../../../xray/grpc/index.js';
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
import { AgentClient, AlreadyStarted } from './agent-client.js';
import { type AgentTrust, connectPinned, pinnedCredentials } from './pinned-tls.js';

/** How long a core may take until its API answers. */
const READY_MS = 8_000;
const READY_POLL_MS = 200;
/** Agents do not wait for the end of the core they replace, whose ports are then in use for a moment. */
const PORTS_FREE_MS = 300;
/** Agents make their certificates with this name only. */
const AGENT_NAME = 'Gozargah';
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
  private api: { core: CoreApi; version: string; marker: string | undefined } | undefined;
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
    this.pin = settings.certPin === 'tofu' ? (reach.certificate ?? undefined) : undefined;
    this.isPinStored = this.pin !== undefined;
  }

  /** Without these networks Xray lets in only the address that connected last, and nobody knows whether others have it. */
  get movesFreely(): boolean {
    return this.settings.apiSources.length > 0;
  }

  async observe(signal: AbortSignal): Promise<CoreState> {
    const known = await this.knownCore(signal);
    if (known) return known;
    const agent = await this.agent(signal);
    const isOurs = this.session !== null && (await agent.ping(this.session, signal));
    const { connected, started, coreVersion } = await agent.state(signal);
    this.heldByAnother = this.session !== null && !isOurs && connected;
    if (this.heldByAnother) throw this.taken();
    // Without a session of ours, whatever runs there is nobody's that we know, and a new session ends it.
    if (!isOurs) this.session = null;
    if (!isOurs || !started) return { running: false };
    return (await this.reachApi(coreVersion, signal)) ?? this.shutOut(signal);
  }

  async restart(body: CoreBody, beforeEnd: () => Promise<void>, signal: AbortSignal): Promise<string> {
    const config = () => this.chunksOf(body); // a stream is read once, and a start may be tried again
    const agent = await this.agent(signal);
    const before = await agent.state(signal);
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
    if (this.session === null || !(await agent.ping(this.session, signal))) return;
    await agent.disconnect(signal);
    this.session = null;
    await this.memory.saveSession(null);
  }

  close(): void {
    this.api?.core.close();
    this.api = undefined;
  }

  addAccount: StartableCore['addAccount'] = (...call) => this.current().addAccount(...call);
  removeAccount: StartableCore['removeAccount'] = (...call) => this.current().removeAccount(...call);
  accounts: StartableCore['accounts'] = (...call) => this.current().accounts(...call);
  eachAccount: StartableCore['eachAccount'] = (...call) => this.current().eachAccount(...call);
  userCounters: StartableCore['userCounters'] = (...call) => this.current().userCounters(...call);
  outboundCounters: StartableCore['outboundCounters'] = (...call) => this.current().outboundCounters(...call);

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
  private async knownCore(signal: AbortSignal): Promise<RunningCore | undefined> {
    if (!this.api) return undefined;
    const { core, version, marker } = this.api;
    try {
      const state = await core.observe(version, signal);
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
    const client = new XrayClient(hostPort(this.apiEndpoint), pinnedCredentials(this.pin!), {
      'grpc.ssl_target_name_override': AGENT_NAME,
    });
    const core = new CoreApi(client);
    const deadline = performance.now() + READY_MS;
    try {
      while (!(await answers(client, signal))) {
        if (performance.now() > deadline) return undefined;
        await sleep(READY_POLL_MS, undefined, { signal });
      }
      const state = await core.observe(version, signal);
      this.api = { core, version, marker: state.process.marker };
      return state;
    } finally {
      if (!this.api) core.close();
    }
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

  /** Xray takes anybody's connection and drops it once it has looked at who it is: in the middle of TLS, or after it. */
  private async whyUnreachable(signal: AbortSignal): Promise<{ hangsUp: boolean; why: string }> {
    const where = hostPort(this.apiEndpoint);
    try {
      const { socket } = await connectPinned(this.apiEndpoint, await this.trust(), signal);
      socket.destroy();
    } catch (error) {
      const { message, cause } = error as CoreError;
      if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ECONNRESET') {
        const why = `Xray runs on the node, but its API cannot be used (${message}); api_port has to be XRAY_API_PORT of the node, and open to this service`;
        return { hangsUp: false, why };
      }
    }
    const why = `${where} takes connections but does not let this replica into Xray's API: set NODE_API_SOURCES to the addresses from which all replicas of this service reach nodes`;
    return { hangsUp: true, why };
  }

  private taken(): HeldByAnother {
    return new HeldByAnother(
      `another panel has taken this node (${hostPort(this.endpoint)}) and stopped its core; remove it there, then reconnect it here`,
    );
  }
}

/** @throws CoreError for any reason but that nobody is there yet */
async function answers(client: XrayClient, signal: AbortSignal): Promise<boolean> {
  try {
    await client.sysStats(signal);
    return true;
  } catch (error) {
    if (error instanceof CoreError && error.isConnection) return false;
    throw error;
  }
}
