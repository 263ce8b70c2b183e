import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { AlterInboundRequest__Output } from '../../src/generated/xray/app/proxyman/command/AlterInboundRequest.js';
import type { User__Output } from '../../src/generated/xray/common/protocol/User.js';
import type { Account } from '../../src/xray/config/types.js';
import { decodeAccount } from '../../src/xray/grpc/accounts.js';
import { xray } from '../../src/xray/grpc/package-definition.js';

const { HandlerService, AddUserOperation, RemoveUserOperation } = xray.app.proxyman.command;
const { StatsService } = xray.app.stats.command;

interface FakeInbound {
  protocol: string;
  method: string | null;
  /** By email in lower case; a classic shadowsocks inbound keeps copies. */
  users: Map<string, User__Output[]>;
  /** Whom a device is let in as, by its credential. Goes with whoever is removed, though others have it too. */
  owners: Map<string, string>;
}

export type Fault = 'lose_reply' | 'refuse' | 'hang';
type Method = 'AlterInbound' | 'GetInboundUsers' | 'QueryStats' | 'GetSysStats';

/**
 * One process of a core that speaks Xray's gRPC, with the quirks of the real one: texts of errors, classic
 * shadowsocks that keeps copies, others that forget a credential with one of those who have it, death by an account of the wrong type, counters that are never zeroed.
 */
export class FakeXray {
  /** How long it runs, by a clock of its own: that of the service may be any. */
  uptime: () => number = secondsSince(performance.now());
  /** Calls served, by method. */
  readonly calls = new Map<Method, number>();
  isAlive = true;
  /** False: a core before 24.11.5. */
  canList = true;
  onDeath: () => void = () => undefined;
  private readonly inbounds = new Map<string, FakeInbound>();
  private readonly counters = new Map<string, bigint>();
  private readonly faults: { method: Method; fault: Fault }[] = [];
  private readonly server = new Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });

  private constructor(
    private readonly folder: string,
    config: FakeConfig,
  ) {
    for (const { tag, protocol, settings } of config.inbounds) {
      const inbound: FakeInbound = {
        protocol,
        method: settings?.method ?? null,
        users: new Map(),
        owners: new Map(),
      };
      this.inbounds.set(tag, inbound);
      for (const client of settings?.clients ?? [])
        addTo(inbound, userOfConfig(protocol, client, settings?.method));
    }
    for (const { tag } of config.outbounds) this.countOutbound(tag, 0n, 0n);
  }

  /** Runs a core with this config, whose API is at a socket of its own unless told otherwise. */
  static async start(config: string, api?: FakeApi): Promise<FakeXray> {
    const folder = await mkdtemp(join(tmpdir(), 'fake-xray-'));
    const core = new FakeXray(folder, JSON.parse(config) as FakeConfig);
    core.server.addService(HandlerService.service, {
      AlterInbound: core.serve('AlterInbound', (request) => core.alter(request)),
      GetInboundUsers: core.serve('GetInboundUsers', (request) => ({ users: core.list(request) })),
    });
    core.server.addService(StatsService.service, {
      QueryStats: core.serve('QueryStats', ({ pattern }) => ({
        stat: [...core.counters]
          .filter(([name]) => name.includes(pattern))
          .map(([name, value]) => ({ name, value: value.toString() })),
      })),
      GetSysStats: core.serve('GetSysStats', () => ({
        NumGoroutine: 1,
        Uptime: Math.floor(core.uptime()),
      })),
    });
    await new Promise<void>((resolve, reject) => {
      const { target, credentials } = api ?? {
        target: core.target,
        credentials: ServerCredentials.createInsecure(),
      };
      core.server.bindAsync(target, credentials, (error) => (error ? reject(error) : resolve()));
    });
    return core;
  }

  get target(): string {
    return `unix:${join(this.folder, 'api')}`;
  }

  /** Ends the process; its counters are gone. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.server.forceShutdown();
    await rm(this.folder, { recursive: true, force: true });
    this.onDeath();
  }

  /** What happens to the next calls of a method. */
  failNext(method: Method, fault: Fault, times = 1): void {
    for (let i = 0; i < times; i++) this.faults.push({ method, fault });
  }

  /** Nothing fails any more. */
  recover(): void {
    this.faults.length = 0;
  }

  /** A user's traffic through this core. */
  count(email: string, up: bigint, down: bigint): void {
    this.add(`user>>>${email}>>>traffic>>>uplink`, up);
    this.add(`user>>>${email}>>>traffic>>>downlink`, down);
  }

  countOutbound(tag: string, up: bigint, down: bigint): void {
    this.add(`outbound>>>${tag}>>>traffic>>>uplink`, up);
    this.add(`outbound>>>${tag}>>>traffic>>>downlink`, down);
  }

  /** The accounts on an inbound, copies included, in the order they came. */
  accounts(tag: string): Account[] {
    return this.users(tag).flatMap((user) => decodeAccount(user) ?? []);
  }

  emails(tag: string): string[] {
    return this.users(tag).map(({ email }) => email);
  }

  /** The name that a device with this UUID or password is let in by; undefined when it is not. Not for shadowsocks. */
  letsIn(tag: string, credential: string): string | undefined {
    return this.inbounds.get(tag)!.owners.get(credential);
  }

  /** How many users an inbound has, copies not counted. */
  size(tag: string): number {
    return this.inbounds.get(tag)!.users.size;
  }

  outboundTags(): string[] {
    return [...this.counters.keys()].flatMap(
      (name) => /^outbound>>>(.*)>>>traffic>>>uplink$/.exec(name)?.[1] ?? [],
    );
  }

  get totalCalls(): number {
    return [...this.calls.values()].reduce((sum, count) => sum + count, 0);
  }

  private users(tag: string): User__Output[] {
    return [...this.inbounds.get(tag)!.users.values()].flat();
  }

  private add(name: string, bytes: bigint): void {
    this.counters.set(name, (this.counters.get(name) ?? 0n) + bytes);
  }

  private alter({ tag, operation }: AlterInboundRequest__Output): object {
    const inbound = this.inbounds.get(tag);
    if (!inbound) {
      throw new Error(
        `app/proxyman/command: failed to get handler: ${tag} > app/proxyman/inbound: handler not found: ${tag}`,
      );
    }
    if (!ACCOUNT_TYPES[inbound.protocol]) throw new Error('app/proxyman/command: proxy is not a UserManager');
    if (operation?.type === 'xray.app.proxyman.command.AddUserOperation') {
      addTo(inbound, AddUserOperation.deserialize(operation.value).user!);
    } else if (operation?.type === 'xray.app.proxyman.command.RemoveUserOperation') {
      removeFrom(inbound, RemoveUserOperation.deserialize(operation.value).email);
    } else {
      throw new Crash('no operation');
    }
    return {};
  }

  private list({ tag, email }: { tag: string; email: string }): object[] {
    if (!this.canList) throw new Unimplemented();
    const inbound = this.inbounds.get(tag);
    if (!inbound) throw new Error(`app/proxyman/inbound: handler not found: ${tag}`);
    if (email === '') return this.users(tag);
    // The real core answers an unknown email with one empty entry, and knows one copy of several.
    return [inbound.users.get(email.toLowerCase())?.[0] ?? {}];
  }

  private serve<Request, Reply>(method: Method, answer: (request: Request) => Reply) {
    return (call: ServerUnaryCall<Request, Reply>, reply: sendUnaryData<Reply>) => {
      this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
      const index = this.faults.findIndex((planned) => planned.method === method);
      const fault = index >= 0 ? this.faults.splice(index, 1)[0]!.fault : undefined;
      if (fault === 'hang') return;
      if (fault === 'refuse') return reply({ code: status.UNKNOWN, details: 'out of order today' });
      try {
        const result = answer(call.request);
        if (fault === 'lose_reply') reply({ code: status.UNAVAILABLE, details: 'Received RST_STREAM' });
        else reply(null, result);
      } catch (error) {
        if (error instanceof Crash) return void this.kill();
        if (error instanceof Unimplemented)
          return reply({ code: status.UNIMPLEMENTED, details: 'unknown method' });
        reply({ code: status.UNKNOWN, details: (error as Error).message });
      }
    };
  }
}

function secondsSince(start: number): () => number {
  return () => (performance.now() - start) / 1000;
}

/** Where a core listens for its API, and how. */
interface FakeApi {
  target: string;
  credentials: ServerCredentials;
}

/** What the real core does not survive. */
class Crash extends Error {}

class Unimplemented extends Error {}

interface FakeConfig {
  inbounds: {
    tag: string;
    protocol: string;
    settings?: { method?: string; clients?: Record<string, string>[] };
  }[];
  outbounds: { tag: string }[];
}

const ACCOUNT_TYPES: Record<string, string> = {
  vmess: 'xray.proxy.vmess.Account',
  vless: 'xray.proxy.vless.Account',
  trojan: 'xray.proxy.trojan.Account',
  shadowsocks: 'xray.proxy.shadowsocks.Account',
};

function addTo(inbound: FakeInbound, user: User__Output): void {
  if (user.account?.type !== ACCOUNT_TYPES[inbound.protocol]) throw new Crash('type assertion failed');
  const key = user.email.toLowerCase();
  const copies = inbound.users.get(key) ?? [];
  if (copies.length > 0 && inbound.protocol !== 'shadowsocks') {
    throw new Error(`proxy/${inbound.protocol}: User ${user.email} already exists.`);
  }
  inbound.users.set(key, [...copies, user]);
  inbound.owners.set(credentialIn(user), user.email);
}

function removeFrom(inbound: FakeInbound, email: string): void {
  const key = email.toLowerCase();
  const [first, ...rest] = inbound.users.get(key) ?? [];
  if (!first) throw new Error(`proxy/${inbound.protocol}: User ${email} not found.`);
  inbound.owners.delete(credentialIn(first));
  if (rest.length > 0) inbound.users.set(key, rest);
  else inbound.users.delete(key);
}

function credentialIn(user: User__Output): string {
  const account = decodeAccount(user)!;
  return 'id' in account ? account.id : 'password' in account ? account.password : '';
}

/** A client of the config file, in the form the core keeps. */
function userOfConfig(protocol: string, client: Record<string, string>, method?: string): User__Output {
  const { proxy } = xray;
  const { id = '', flow = '', password = '' } = client;
  const ciphers: Record<string, 5 | 6 | 7> = {
    'aes-128-gcm': 5,
    'aes-256-gcm': 6,
    'chacha20-ietf-poly1305': 7,
  };
  const value =
    protocol === 'vmess'
      ? proxy.vmess.Account.serialize({ id })
      : protocol === 'vless'
        ? proxy.vless.Account.serialize({ id, flow })
        : protocol === 'trojan'
          ? proxy.trojan.Account.serialize({ password })
          : proxy.shadowsocks.Account.serialize({
              password,
              cipher_type: ciphers[client.method ?? method ?? ''],
            });
  return { level: 0, email: client.email ?? '', account: { type: ACCOUNT_TYPES[protocol] ?? '', value } };
}
