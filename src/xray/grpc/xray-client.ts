import {
  type Client,
  connectivityState,
  credentials,
  type ChannelCredentials,
  Metadata,
  status,
} from '@grpc/grpc-js';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { ClientGrpcProxy } from '@nestjs/microservices';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { Account } from '../config/types.js';
import { addUserRequest, decodeAccount, removeUserRequest } from './accounts.js';
import { type Counter, type CounterKind, decodeCounter, TrafficByName, type Traffic } from './counters.js';
import { EntryCutter } from './entry-cutter.js';
import { CoreError, readable, toCoreError, unanswered, unreadable } from './errors.js';
import { LongReplies } from './long-replies.js';
import { Breather } from '../../shared/scheduling/breather.js';
import { decodeInbound, type InboundServer } from './inbounds.js';
import { packageDefinition, xray } from './package-definition.js';

const { AddOutbound, AlterInbound, GetInboundUsers, ListInbounds } =
  xray.app.proxyman.command.HandlerService.service;
const { User } = xray.common.protocol;
const { QueryStats, GetSysStats } = xray.app.stats.command.StatsService.service;

const USER_OPERATION_MS = 5_000;
const LIST_MS = 20_000;
const COUNTERS_MS = 20_000;
const HEALTH_MS = 3_000;
/** Longer replies come in pieces: those of about 25,000 users. */
const LONG_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

const CHANNEL_OPTIONS = {
  'grpc.max_send_message_length': 64 * 1024 * 1024,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.enable_retries': 0,
  // Two nodes at one address with different certificates must not share a connection.
  'grpc.use_local_subchannel_pool': 1,
} as const;

export interface SysStats {
  uptimeSeconds: number;
  goroutines: number;
  allocBytes: bigint;
}

/**
 * The management API of one core. Every call has a deadline, can be aborted, and rejects with a `CoreError`.
 * No keepalive pings: the core's server closes a connection that gets more than one in five minutes.
 */
export class XrayClient {
  private readonly proxy: ClientGrpcProxy;
  /** Nest's client for one of the services: calls of both go over its connection, as callbacks and not as observables. */
  private readonly client: Client;
  private readonly long: LongReplies;
  /** What was too long once, and is asked for in pieces since. */
  private readonly longPaths = new Set<string>();

  /** `target` as grpc-js knows it: `host:port` or `unix:/path`. */
  constructor(
    target: string,
    security: ChannelCredentials = credentials.createInsecure(),
    options: object = {},
    /** Makes a bare connection of the same kind, for replies that are too long to be held as a whole. */
    dial: () => Duplex = () => connectTo(target),
  ) {
    this.long = new LongReplies(dial);
    this.proxy = new ClientGrpcProxy({
      package: 'xray.app.stats.command',
      packageDefinition,
      url: target,
      credentials: security,
      channelOptions: {
        ...CHANNEL_OPTIONS,
        'grpc.max_receive_message_length': LONG_BYTES,
        ...options,
      },
    });
    this.client = this.proxy.getClientByServiceName<Client>('StatsService');
  }

  /** @throws CoreError `user_exists` unless the inbound is classic shadowsocks, which keeps a second copy. */
  async addUser(inboundTag: string, account: Account, signal?: AbortSignal): Promise<void> {
    await this.call(AlterInbound, addUserRequest(inboundTag, account), USER_OPERATION_MS, signal);
  }

  /** @throws CoreError `user_not_found`. Connections that are open stay open. */
  async removeUser(inboundTag: string, email: string, signal?: AbortSignal): Promise<void> {
    await this.call(AlterInbound, removeUserRequest(inboundTag, email), USER_OPERATION_MS, signal);
  }

  /**
   * Hands over the accounts of one inbound, or those of one email, as they come. Accounts of foreign kinds are left out.
   * @throws CoreError `unsupported` before Xray 24.11.5.
   */
  async eachUser(
    inboundTag: string,
    email: string,
    take: (account: Account) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const request = GetInboundUsers.requestSerialize({ tag: inboundTag, email });
    await this.eachEntry(
      GetInboundUsers.path,
      request,
      email ? USER_OPERATION_MS : LIST_MS,
      signal,
      (bytes, from, to) => {
        const account = readable(() => {
          const user = User.deserialize(bytes.subarray(from, to));
          // An unknown email is answered with one empty entry.
          return user.email ? decodeAccount(user) : undefined;
        });
        if (account) take(account);
      },
    );
  }

  /** The accounts of {@link eachUser}. */
  async listUsers(inboundTag: string, email = '', signal?: AbortSignal): Promise<Account[]> {
    const accounts: Account[] = [];
    await this.eachUser(inboundTag, email, (account) => accounts.push(account), signal);
    return accounts;
  }

  /** What stands behind each tag now. @throws CoreError `unsupported` before Xray 25.6.7. */
  async listInbounds(signal?: AbortSignal): Promise<Map<string, InboundServer>> {
    const { inbounds } = await this.call(ListInbounds, {}, LIST_MS, signal);
    const tagged = inbounds.filter(({ tag }) => tag !== '');
    return readable(() => new Map(tagged.map((inbound) => [inbound.tag, decodeInbound(inbound)])));
  }

  /** Adds a way out that leads nowhere, whose name is seen among the counters of outbounds until the core ends. */
  async addBlackhole(tag: string, signal?: AbortSignal): Promise<void> {
    // Without its settings, empty as they are, the core dies.
    const settings = { type: 'xray.proxy.blackhole.Config', value: Buffer.alloc(0) };
    await this.call(AddOutbound, { outbound: { tag, proxy_settings: settings } }, USER_OPERATION_MS, signal);
  }

  /**
   * Hands over the counters of all accounts and outbounds since the core started, as they come: all of one moment. A long reply
   * may take longer, as long as it goes on.
   */
  eachCounter(
    take: Record<CounterKind, (counter: Counter) => void>,
    signal?: AbortSignal,
    patienceMs = COUNTERS_MS,
  ): Promise<void> {
    return this.eachMatching('', take, patienceMs, signal);
  }

  /** Cumulative traffic since the core started, by account email. */
  async userTraffic(signal?: AbortSignal): Promise<Map<string, Traffic>> {
    const traffic = new TrafficByName();
    const take = (counter: Counter) => traffic.add(counter);
    await this.eachMatching('user>>>', { user: take }, COUNTERS_MS, signal);
    return traffic.values;
  }

  /**
   * Cumulative traffic since the core started, by outbound tag. With a `pattern`, a part of the counter's name, only of
   * those: that is little, and has to come soon.
   */
  async outboundTraffic(pattern?: string, signal?: AbortSignal): Promise<Map<string, Traffic>> {
    const timeoutMs = pattern === undefined ? COUNTERS_MS : HEALTH_MS;
    const traffic = new TrafficByName();
    const take = (counter: Counter) => traffic.add(counter);
    await this.eachMatching(pattern ?? 'outbound>>>', { outbound: take }, timeoutMs, signal);
    return traffic.values;
  }

  async sysStats(signal?: AbortSignal, timeoutMs = HEALTH_MS): Promise<SysStats> {
    const stats = await this.call(GetSysStats, {}, timeoutMs, signal);
    return { uptimeSeconds: stats.Uptime, goroutines: stats.NumGoroutine, allocBytes: BigInt(stats.Alloc) };
  }

  /**
   * Calls `listener` when the connection is lost that calls go over now, before any could go over another one: whoever closes
   * the client then knows that all its calls went to one process.
   */
  onceDisconnected(listener: () => void): void {
    const channel = this.client.getChannel();
    const watch = () => {
      const state = channel.getConnectivityState(false);
      if (state === connectivityState.SHUTDOWN) return;
      channel.watchConnectivityState(state, Infinity, () =>
        state === connectivityState.READY ? listener() : watch(),
      );
    };
    watch();
  }

  /** Frees the connection. Never stops the core. */
  close(): void {
    this.proxy.close();
    this.long.close();
  }

  /** Those whose names have `pattern` in them, of these kinds. */
  private eachMatching(
    pattern: string,
    take: Partial<Record<CounterKind, (counter: Counter) => void>>,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const request = QueryStats.requestSerialize({ pattern });
    return this.eachEntry(QueryStats.path, request, timeoutMs, signal, (bytes, from, to) => {
      const counter = decodeCounter(bytes, from, to);
      if (counter) take[counter.kind]?.(counter);
    });
  }

  /** Hands over the entries of a reply that is a list of any length, with time for others in between. */
  private async eachEntry(
    path: string,
    request: Buffer,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    take: (bytes: Buffer, from: number, to: number) => void,
  ): Promise<void> {
    const cutter = new EntryCutter();
    const breather = new Breather();
    for await (const piece of this.reply(path, request, timeoutMs, signal)) {
      cutter.take(piece, take);
      await breather.rest();
    }
    cutter.end();
  }

  /** Asks for long replies in pieces where one was too long before. */
  private async *reply(
    path: string,
    request: Buffer,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Buffer> {
    if (!this.longPaths.has(path)) {
      try {
        const same = (bytes: Buffer) => bytes;
        return yield* inPieces(await this.send(path, same, same, request, timeoutMs, signal));
      } catch (error) {
        if (!(error instanceof CoreError) || error.code !== 'too_large') throw error;
        this.longPaths.add(path);
      }
    }
    yield* this.long.call(path, request, timeoutMs, signal);
  }

  private call<Request extends object, Response extends object>(
    method: MethodDefinition<Request, object, object, Response>,
    request: Request,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Response> {
    return this.send(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      timeoutMs,
      signal,
    );
  }

  private send<Request, Response>(
    path: string,
    serialize: (request: Request) => Buffer,
    deserialize: (reply: Buffer) => Response,
    request: Request,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new CoreError('aborted', 'The call was given up'));
      // Without the layers of a generated client, which take a fifth of the time, and a stack of each call that fails.
      const call = this.client.getChannel().createCall(path, Date.now() + timeoutMs, null, null, null);
      const cancel = () => call.cancelWithStatus(status.CANCELLED, 'The call was given up');
      let reply: Buffer | undefined;
      call.start(new Metadata(), {
        onReceiveMetadata: () => undefined,
        onReceiveMessage: (message: Buffer) => (reply = message),
        onReceiveStatus: (end) => {
          signal?.removeEventListener('abort', cancel);
          if (end.code === status.DEADLINE_EXCEEDED) return reject(unanswered(timeoutMs));
          if (end.code !== status.OK) return reject(toCoreError(end));
          try {
            if (reply === undefined) throw unreadable('it has no message');
            const message = reply;
            resolve(readable(() => deserialize(message)));
          } catch (error) {
            reject(error as CoreError);
          }
        },
      });
      call.sendMessageWithContext({}, serialize(request));
      call.startRead();
      call.halfClose();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }
}

/** Without TLS. */
function connectTo(target: string): Duplex {
  if (target.startsWith('unix:')) return connect(target.slice('unix:'.length));
  const { hostname, port } = new URL(`tcp://${target.replace(/^ipv[46]:/, '')}`);
  return connect({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) });
}

function* inPieces(reply: Buffer): Generator<Buffer> {
  for (let at = 0; at < reply.length; at += PIECE_BYTES) yield reply.subarray(at, at + PIECE_BYTES);
}
