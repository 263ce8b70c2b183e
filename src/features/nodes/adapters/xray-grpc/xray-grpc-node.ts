import { createHash, randomBytes } from 'node:crypto';
import type { SecretStore } from '../../../../shared/secrets/secret-store.js';
import { within } from '../../../../shared/scheduling/within.js';
import { type Claim, claimTag } from '../../../../xray/config/index.js';
import type { Account, ResolvedInbound } from '../../../../xray/config/types.js';
import { CoreError, type InboundServer, XrayClient } from '../../../../xray/grpc/index.js';
import { takesAccountsOf } from '../../domain/foreign-core.js';
import type { ClientCertificate } from '../../identity/client-certificate.js';
import type { NodeIdentity } from '../../identity/node-identity.js';
import { clientKeyName, type NodeReach } from '../../node.js';
import { CoreApi } from '../core-api.js';
import { type ForeignCore, type FoundForeignCore, HeldByAnother } from '../core-connection.js';
import { type Endpoint, endpointOf, hostPort } from '../../endpoint.js';
import type { NodeMemory } from '../node-adapter.js';
import { removeAccounts } from '../remove-accounts.js';
import { findApi } from './api-contact.js';
import { explainMissing } from './api-errors.js';

/** Nothing in Xray's API tells it. */
const VERSION = 'unknown';
const STOP_MS = 60_000;

export interface XrayGrpcSettings {
  identity: Pick<NodeIdentity, 'get'>;
  secrets: Pick<SecretStore, 'find'>;
}

/** One connection, and so one process of Xray. */
interface Link {
  client: XrayClient;
  core: CoreApi;
  /** By tag, when they were asked for last. */
  inbounds: ReadonlyMap<string, InboundServer>;
  /** What the process was known by when the connection was made. */
  process: string | undefined;
}

/**
 * An Xray that somebody else runs. It may be started anew at any time with another config, and an account that does not fit
 * an inbound kills it. So nothing is sent over a connection but to the process that was looked at over it: once it breaks, a
 * new one is made and looked at, and until `observe` has told of another process, that one gets no account.
 */
export class XrayGrpcNode implements ForeignCore {
  readonly startsCore = false;
  readonly endsWithOwner = false;
  readonly movesFreely = true;
  readonly lost = undefined;
  private readonly endpoint: Endpoint;
  private link: Link | undefined;
  private opening: Promise<Link> | undefined;
  private closings = 0;
  /** What the process is known by that was told of. */
  private told: string | undefined;
  /** The connection over which it was looked at last. Before it is claimed, nothing else tells it from the next one. */
  private observed: Link | undefined;
  private top: Claim | undefined;
  private panel: string | undefined;
  private heldByAnother = false;
  private takesOver = false;

  constructor(
    private readonly reach: NodeReach,
    private readonly memory: NodeMemory,
    private readonly settings: XrayGrpcSettings,
  ) {
    this.endpoint = endpointOf(reach.address, reach.apiPort);
  }

  async observe(signal: AbortSignal): Promise<FoundForeignCore> {
    const link = await this.connected(signal);
    link.inbounds = await link.client.listInbounds(signal);
    const { claim, process: marker, config: configMark } = await link.core.markers(signal);
    const { uptimeSeconds } = await link.client.sysStats(signal);
    this.panel ??= await this.ownPanel();
    const isClaimed = claim?.panel === this.panel && claim.nodeId === this.reach.nodeId;
    if (claim && !isClaimed) await this.assertFree(claim);
    this.top = claim;
    this.told = link.process = marker;
    this.observed = link;
    const process = { marker, uptimeSeconds };
    return { running: true, version: VERSION, configMark, process, isClaimed, inbounds: link.inbounds };
  }

  nextClaim(): string {
    const order = (this.top?.order ?? 0) + 1;
    const nonce = randomBytes(8).toString('hex');
    return claimTag({ order, panel: this.panel!, nodeId: this.reach.nodeId, nonce });
  }

  async claim(tag: string, signal: AbortSignal): Promise<void> {
    const link = this.observed;
    if (!link || link !== this.link) throw startedAnew();
    await link.client.addBlackhole(tag, signal);
    const { process } = await link.core.markers(signal);
    if (process !== tag) throw new CoreError('other', 'another panel has claimed this Xray at the same time');
    this.told = link.process = tag;
    this.heldByAnother = this.takesOver = false;
  }

  reconnect(): void {
    this.takesOver = this.heldByAnother;
    this.close();
  }

  async withdraw(kept: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const link = await this.known(signal);
    await removeAccounts(link.client, link.inbounds, kept, signal);
  }

  /** Takes the users of the panel off it; it goes on for everybody else. */
  async stop(lasting: AbortSignal): Promise<void> {
    const signal = within(STOP_MS, lasting); // of all calls together
    const { isClaimed } = await this.observe(signal);
    if (isClaimed) await this.withdraw(new Set(), signal);
    this.close();
  }

  close(): void {
    this.closings++;
    this.link?.core.close();
    this.link = undefined;
  }

  async addAccount(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<void> {
    const { core, inbounds } = await this.known(signal);
    const present = inbounds.get(inbound.tag);
    if (!present) throw new CoreError('inbound_not_found', `Xray there has no inbound ${inbound.tag}`);
    if (!takesAccountsOf(present, inbound) || present.takes !== account.type) {
      throw new CoreError('bad_account', `the inbound ${inbound.tag} there is ${present.type}`);
    }
    await core.addAccount(inbound, account, signal);
  }

  removeAccount: ForeignCore['removeAccount'] = async (inbound, email, signal) =>
    (await this.known(signal)).core.removeAccount(inbound, email, signal);

  accounts: ForeignCore['accounts'] = async (inbound, email, signal) =>
    (await this.known(signal)).core.accounts(inbound, email, signal);

  eachAccount: ForeignCore['eachAccount'] = async (inbound, take, signal) =>
    (await this.known(signal)).core.eachAccount(inbound, take, signal);

  /** Whichever process counts: it says itself which one it is. */
  counters: ForeignCore['counters'] = async (signal, patienceMs) =>
    (await this.connected(signal)).core.counters(signal, patienceMs);

  /** A connection to the process that was told of. */
  private async known(signal: AbortSignal): Promise<Link> {
    const link = await this.connected(signal);
    if (link.process !== this.told) throw startedAnew();
    return link;
  }

  private async connected(signal: AbortSignal): Promise<Link> {
    if (this.link) return this.link;
    this.opening ??= this.open(signal).finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async open(signal: AbortSignal): Promise<Link> {
    const { closings } = this;
    const { target, credentials, options, dial } = await findApi(
      this.endpoint,
      this.reach,
      await this.clientCertificate(),
      signal,
    );
    const client = new XrayClient(target, credentials, options, dial);
    try {
      const core = new CoreApi(client);
      await client.sysStats(signal);
      const link: Link = { client, core, inbounds: new Map(), process: undefined };
      client.onceDisconnected(() => {
        client.close();
        if (this.link === link) this.link = undefined;
      });
      link.process = (await core.markers(signal)).process;
      link.inbounds = await client.listInbounds(signal);
      if (closings !== this.closings) throw new CoreError('aborted', 'The connection was given up');
      this.link = link;
      return link;
    } catch (error) {
      client.close();
      throw explainMissing(error);
    }
  }

  /** @throws when a living node has the core already */
  private async assertFree(claim: Claim): Promise<void> {
    const where = hostPort(this.endpoint);
    if (claim.panel !== this.panel) {
      if (this.takesOver) return;
      this.heldByAnother = true;
      throw new HeldByAnother(
        `another panel works with this Xray (${where}), and the two would remove each other's users; remove it there, then reconnect it here`,
      );
    }
    const name = await this.memory.nameOf(claim.nodeId);
    if (name === undefined) return;
    throw new CoreError(
      'other',
      `${where} is the Xray that node "${name}" works with already, whose traffic would be charged twice; delete one of the two`,
    );
  }

  private async clientCertificate(): Promise<ClientCertificate> {
    const { apiClientCertificate: certificate, nodeId } = this.reach;
    if (certificate === null) return this.settings.identity.get();
    const key = await this.settings.secrets.find(clientKeyName(nodeId));
    if (key === undefined) {
      throw new CoreError(
        'other',
        'the key of the client certificate is lost; give both anew (api_client_key)',
      );
    }
    return { certificate, key };
  }

  private async ownPanel(): Promise<string> {
    const { certificate } = await this.settings.identity.get();
    return createHash('sha256').update(certificate).digest('hex').slice(0, 8);
  }
}

function startedAnew(): CoreError {
  return new CoreError('unavailable', 'Xray there was started anew');
}
