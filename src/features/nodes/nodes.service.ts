import { Injectable } from '@nestjs/common';
import { Activities } from '../../shared/activity/activities.js';
import type { Activity } from '../../shared/activity/activity.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import type { DateRange } from '../../shared/domain/date-range.js';
import { SecretStore } from '../../shared/secrets/secret-store.js';
import type { Actor } from '../admins/index.js';
import { CoreConfigs } from '../core/index.js';
import { HostsService } from '../hosts/index.js';
import { changeOf, factsOf } from './domain/node-activity.js';
import { modifyNode, type NodeChange } from './domain/node-modification.js';
import { assertReachable } from './api-access.js';
import { clientKeyName, type NewNode, type Node, type NodeTraffic } from './node.js';
import { NodeNotFound } from './nodes.errors.js';
import { NodesRepository, type TrafficTotals } from './nodes.repository.js';

/** What operators do to nodes: all of it is wishes in rows, which the replica that owns the node fulfils. */
@Injectable()
export class NodesService {
  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly nodes: NodesRepository,
    private readonly activities: Activities,
    private readonly configs: CoreConfigs,
    private readonly hosts: HostsService,
    private readonly secrets: SecretStore,
  ) {}

  list(): Promise<Node[]> {
    return this.nodes.list();
  }

  /** @throws NodeNotFound */
  async get(id: number): Promise<Node> {
    return this.nodes.find(id).then(orNotFound);
  }

  /** Adds a node, and with `asHost` its address to every inbound. @throws InvalidInput, NodeNameTaken */
  async create(by: Actor, settings: NewNode, { asHost }: { asHost: boolean }): Promise<Node> {
    const { clientKey, apiClientCertificate } = settings;
    const isOther = apiClientCertificate !== null;
    assertReachable(settings, { isOther, key: clientKey ?? undefined });
    if (asHost) await this.configs.refresh(); // another replica may just have changed the inbounds
    const created = await this.db.transaction(async (tx) => {
      const node = await this.nodes.insert(tx, settings);
      if (clientKey !== null) await this.secrets.put(tx, clientKeyName(node.id), clientKey);
      if (asHost) await this.hosts.addServer(tx, settings);
      await this.note(tx, 'node_created', by, node, { after: factsOf(node) });
      return node;
    });
    if (asHost) await this.hosts.poll(); // so that the next link made here has it
    return created;
  }

  /** Changes a node. @throws NodeNotFound, InvalidInput, NodeNameTaken */
  async modify(by: Actor, id: number, change: NodeChange): Promise<Node> {
    const { clientKey } = change;
    return this.db.transaction(async (tx) => {
      const before = orNotFound(await this.nodes.lock(tx, id));
      const { node, moved, forgets } = modifyNode(before, change);
      const isOther = node.apiClientCertificate !== before.apiClientCertificate;
      assertReachable(node, { isOther, key: clientKey });
      await this.nodes.update(tx, node);
      if (clientKey) await this.secrets.put(tx, clientKeyName(id), clientKey);
      if (clientKey === null) await this.secrets.remove(tx, clientKeyName(id));
      if (forgets !== 'nothing') await this.nodes.forgetMachine(tx, id, forgets);
      if (moved) await this.nodes.demand(tx, id, 'generation');
      await this.note(tx, 'node_updated', by, node, changeOf(before, node));
      return node;
    });
  }

  /** Has a node connected anew and its core restarted, unless it is disabled. @throws NodeNotFound */
  async reconnect(by: Actor, id: number): Promise<void> {
    await this.db.transaction(async (tx) => {
      const node = orNotFound(await this.nodes.lock(tx, id));
      await this.note(tx, 'node_reconnected', by, node, {});
      if (node.status === 'disabled') return;
      await this.nodes.update(tx, { ...node, status: 'connecting', xrayVersion: null, message: null });
      await this.nodes.demand(tx, id, 'restart_generation');
    });
  }

  /** Deletes a node. What it carried stays in the totals. @throws NodeNotFound */
  async remove(by: Actor, id: number): Promise<void> {
    await this.db.transaction(async (tx) => {
      const before = orNotFound(await this.nodes.lock(tx, id));
      await this.nodes.delete(tx, id);
      await this.note(tx, 'node_deleted', by, before, { before: factsOf(before) });
    });
  }

  /** Raw bytes per node, that of the service itself first. */
  traffic(range: DateRange): Promise<NodeTraffic[]> {
    return this.nodes.traffic(range);
  }

  /** Bytes that went out of and came into all cores since ever, the local one and deleted ones included. */
  trafficTotals(): Promise<TrafficTotals> {
    return this.nodes.trafficTotals();
  }

  private async note(
    tx: Tx,
    action: string,
    by: Actor,
    { id, name }: Node,
    change: Pick<Activity, 'before' | 'after'>,
  ): Promise<void> {
    const subject = { kind: 'node', id, name } as const;
    await this.activities.note(tx, this.clock.now(), [{ action, by, subject, ...change }], []);
  }
}

function orNotFound(node: Node | undefined): Node {
  if (!node) throw new NodeNotFound();
  return node;
}
