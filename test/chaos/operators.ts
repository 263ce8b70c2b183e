import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/service-process.js';
import type { ChaosNode } from './chaos-node.js';
import { BareNode } from './bare-node.js';
import { type ChaosReplica, Refused } from './chaos-replica.js';
import type { Customers } from './customers.js';
import type { Chance } from './random.js';
import type { Given } from './totals.js';

const MOST_USERS = 8;
/** Users who come first and are never deleted, so that there is an account of all their traffic at the end. */
export const LOYAL_USERS = 3;
const COEFFICIENTS = [0.5, 1, 1.5, 2, 0.1];
const TAGS = { VLESS: 'vless', TROJAN: 'trojan', SS: 'shadowsocks' };

/** Operators and shops that change what they like, at whichever replica there is. */
export class Operators {
  /** Requests by what they asked for. */
  readonly done = new Map<string, number>();
  readonly failed = new Map<string, number>();
  /** Of each node, in order. */
  readonly coefficients = new Map<number, Given[]>();
  private readonly users = new Map<string, 'active' | 'disabled'>();
  private made = 0;
  private configs = 0;
  private isStopping = false;
  private running: Promise<void> = Promise.resolve();
  private ports: number[] = [];

  constructor(
    private readonly replicas: readonly ChaosReplica[],
    private readonly nodes: readonly ChaosNode[],
    private readonly customers: Customers,
    private readonly chance: Chance,
    /** Where the core of the service itself has its inbounds; others have them elsewhere. */
    private readonly listen: string,
  ) {}

  /** What everything begins with. */
  async setUp(): Promise<void> {
    this.ports = await Promise.all(Object.keys(TAGS).map(() => freePort()));
    await this.ask('PUT', '/api/core/config', this.config());
    const hosts = Object.keys(TAGS).map((tag) => [
      tag,
      this.nodes.map(({ name, address }) => ({ remark: `${tag} ${name}`, address })),
    ]);
    await this.ask('PUT', '/api/hosts', Object.fromEntries(hosts));
    for (const node of this.added) await this.addNode(node);
    await this.installElsewhere();
  }

  start(): void {
    this.running = (async () => {
      while (!this.isStopping) {
        await this.changeUser();
        if (this.chance.next() < 0.1) await this.changeCoefficient();
        await sleep(this.chance.between(50, 800));
      }
    })();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  async createUser(): Promise<void> {
    const username = `user${++this.made}`;
    const proxies = Object.fromEntries(Object.values(TAGS).map((protocol) => [protocol, {}]));
    const user = await this.try('user created', 'POST', '/api/user', { username, proxies });
    if (!user) return;
    this.users.set(username, 'active');
    await this.customers.add(username, user.links);
  }

  /** Every node is to restart its core. */
  async changeConfig(at?: ChaosReplica): Promise<void> {
    await this.try('config changed', 'PUT', '/api/core/config', this.config(), at);
  }

  /** The owners of Xrays that are not started from here put the config in place, as nodes tell them to. */
  async installElsewhere(): Promise<void> {
    for (const node of this.nodes)
      if (node instanceof BareNode) await node.install(await this.ask('GET', '/api/core/config/elsewhere'));
  }

  async reconnect(node: ChaosNode): Promise<void> {
    await this.try('restart asked for', 'POST', `/api/node/${node.id}/reconnect`);
  }

  async restartAll(): Promise<void> {
    await this.try('restart of all asked for', 'POST', '/api/core/restart');
  }

  /** For so long. */
  async disable(node: ChaosNode, milliseconds: number): Promise<void> {
    await this.ask('PUT', `/api/node/${node.id}`, { status: 'disabled' });
    await sleep(milliseconds);
    await this.ask('PUT', `/api/node/${node.id}`, { status: 'connected' });
  }

  /** Deletes it, and adds it so much later. */
  async readd(node: ChaosNode, milliseconds: number): Promise<void> {
    await this.ask('DELETE', `/api/node/${node.id}`).catch((error: unknown) => {
      // Somebody may have deleted it who could not say so.
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    });
    await sleep(milliseconds);
    await this.addNode(node);
  }

  private async addNode(node: ChaosNode): Promise<void> {
    const body = { name: node.name, ...node.facts, add_as_new_host: false };
    const added = await this.ask('POST', '/api/node', body).catch(async (error: unknown) => {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      const all = (await this.ask('GET', '/api/nodes')) as { id: number; name: string }[];
      return all.find(({ name }) => name === node.name);
    });
    this.coefficients.set(added.id, [{ coefficient: 1, isSure: true }]);
    node.ids.push(added.id);
  }

  private get added(): ChaosNode[] {
    return this.nodes.filter(({ facts }) => facts !== undefined);
  }

  /** At a replica that is up; again at another one until it succeeds. */
  private async ask(method: string, path: string, body?: unknown): Promise<any> {
    for (;;) {
      try {
        return await this.any()!.call(method, path, body);
      } catch (error) {
        if (error instanceof Refused && error.status < 500) throw error;
        await sleep(100);
      }
    }
  }

  private async try(
    what: string,
    method: string,
    path: string,
    body?: unknown,
    at = this.any()!,
  ): Promise<any> {
    const count = (of: Map<string, number>) => of.set(what, (of.get(what) ?? 0) + 1);
    try {
      const answer = await at.call(method, path, body);
      count(this.done);
      return answer;
    } catch {
      count(this.failed); // with its replica or the database; it may have been done all the same
      return undefined;
    }
  }

  private isLoyal(username: string): boolean {
    return Number(username.slice('user'.length)) <= LOYAL_USERS;
  }

  private any(): ChaosReplica | undefined {
    const up = this.replicas.filter(({ state }) => state === 'up');
    return this.chance.one(up.length > 0 ? up : this.replicas);
  }

  private async changeUser(): Promise<void> {
    const username = this.chance.one([...this.users.keys()]);
    if (username === undefined) return this.createUser();
    const dice = this.chance.next();
    if (dice < 0.2 && this.users.size < MOST_USERS) return this.createUser();
    const path = `/api/user/${username}`;
    if (dice < 0.35 && !this.isLoyal(username)) {
      if (!(await this.try('user deleted', 'DELETE', path))) return;
      this.users.delete(username);
      return this.customers.remove(username);
    }
    if (dice < 0.5) {
      await this.try('traffic reset', 'POST', `${path}/reset`);
      this.users.set(username, 'active');
      return;
    }
    const status = this.users.get(username) === 'active' ? 'disabled' : 'active';
    if (await this.try(`user ${status}`, 'PUT', path, { status })) this.users.set(username, status);
  }

  private async changeCoefficient(): Promise<void> {
    const node = this.chance.one(this.added)!;
    const given: Given = { coefficient: this.chance.one(COEFFICIENTS)!, isSure: false };
    this.coefficients.get(node.id)!.push(given);
    const body = { usage_coefficient: given.coefficient };
    if (await this.try('coefficient changed', 'PUT', `/api/node/${node.id}`, body)) given.isSure = true;
  }

  private config(): object {
    return {
      log: { loglevel: 'warning' },
      dns: { hosts: { [`config-${++this.configs}.test`]: '127.0.0.1' } },
      inbounds: Object.entries(TAGS).map(([tag, protocol], i) => ({
        tag,
        listen: this.listen,
        port: this.ports[i],
        protocol,
        settings: { clients: [], ...(protocol === 'vless' && { decryption: 'none' }) },
      })),
      outbounds: [{ tag: 'DIRECT', protocol: 'freedom', settings: {} }],
    };
  }
}
