import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import {
  compileEntries,
  compileShareLinks,
  type DrawEntries,
  externalEntries,
  type Entry,
  type PublishedInbounds,
  type Subscriber,
  type Surroundings,
  showsTime,
  unusableHosts,
} from '../../client-configs/index.js';
import { Config } from '../../config/config.js';
import { Activities } from '../../shared/activity/activities.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { changesOf } from '../../shared/domain/changes.js';
import { groupBy } from '../../shared/domain/group-by.js';
import { firstFew } from '../../shared/telemetry/first-few.js';
import type { Actor } from '../admins/index.js';
import { CoreConfigs } from '../core/index.js';
import { RandomDice } from './dice.js';
import { type HostChanges, planHosts } from './domain/plan-hosts.js';
import { toPublishedHost } from './domain/published-host.js';
import { type HostSettings, plainHost, type StoredHost } from './host.js';
import { InboundNotFound } from './hosts.errors.js';
import { HostsRepository, type HostsSnapshot } from './hosts.repository.js';

const POLL_MS = 2_000;
const MINUTE_MS = 60_000;

type WriteLinks = ReturnType<typeof compileShareLinks>;

/** What is made of the core config and the hosts, for all users. */
interface Publication {
  published: PublishedInbounds;
  links: WriteLinks;
  entries: DrawEntries;
  /** Whether any host shows how much time is left. */
  showsTime: boolean;
}

/** Hosts of inbounds, and the share links they make: both from one snapshot that follows the core config and the hosts. */
@Injectable()
export class HostsService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(HostsService.name);
  private readonly surroundings: Surroundings;
  private readonly dice = new RandomDice();
  private snapshot: HostsSnapshot | undefined;
  private publication: Publication | undefined;
  private warned = '';
  private readonly stops: (() => void)[] = [];

  constructor(
    config: Config,
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly configs: CoreConfigs,
    private readonly hosts: HostsRepository,
    private readonly activities: Activities,
    private readonly events: DatabaseEvents,
  ) {
    this.surroundings = {
      serverIp: config.serverIp,
      serverIpv6: config.serverIpv6,
      statusText: config.subscription.statusText,
      externalConfig: config.subscription.externalConfig,
    };
  }

  async onModuleInit(): Promise<void> {
    const { unread } = externalEntries(this.surroundings.externalConfig);
    // It may hold credentials, so it is not written here.
    if (unread.length > 0) {
      this.logger.warn(
        'EXTERNAL_CONFIG is in lists of links only: it is no link of vless, vmess, trojan or Shadowsocks for every core',
      );
    }
    await this.reload();
    // A new inbound brings its first host, so both are read again.
    this.stops.push(this.configs.onChange(() => this.reload()));
    this.stops.push(this.events.on('hosts_changed', () => void this.poll()));
  }

  onApplicationShutdown(): void {
    for (const stop of this.stops) stop();
  }

  /** The hosts of every inbound of the core config, in its order; an inbound without hosts has an empty list. */
  async all(): Promise<Map<string, HostSettings[]>> {
    await this.configs.refresh(); // another replica may just have changed it
    const byTag = groupBy((await this.hosts.snapshot()).hosts, (host) => host.inboundTag);
    return new Map(this.configs.current().inbounds.map(({ tag }) => [tag, byTag.get(tag) ?? []]));
  }

  /**
   * Gives each of the inbounds the hosts that are named for it, and no others; all or none.
   * @throws InboundNotFound for the first tag that the core config does not have
   */
  async replace(by: Actor, hosts: ReadonlyMap<string, readonly HostSettings[]>): Promise<void> {
    await this.configs.refresh();
    const unknown = [...hosts.keys()].find((tag) => !this.configs.current().byTag.has(tag));
    if (unknown !== undefined) throw new InboundNotFound(unknown);
    await this.db.transaction(async (tx) => {
      const old = groupBy(await this.hosts.lock(tx, [...hosts.keys()]), (host) => host.inboundTag);
      const plans = [...hosts].map(([tag, wanted]) => planHosts(tag, old.get(tag) ?? [], wanted));
      await this.hosts.change(tx, merge(plans));
      const change = changesOf(
        factsOf(new Map([...hosts.keys()].map((tag) => [tag, old.get(tag) ?? []]))),
        factsOf(hosts),
      );
      const subject = { kind: 'host', id: null, name: null } as const;
      await this.activities.note(
        tx,
        this.clock.now(),
        [{ action: 'hosts_updated', by, subject, ...change }],
        [],
      );
    });
    await this.reload();
  }

  /**
   * In a transaction of the caller, adds a host at this address to every inbound of the core config, behind the others.
   * Neither name nor address is taken for a text with variables.
   */
  async addServer(tx: Tx, { name, address }: { name: string; address: string }): Promise<void> {
    const tags = this.configs.current().inbounds.map(({ tag }) => tag);
    const remark = `${literally(name)} ({USERNAME}) [{PROTOCOL} - {TRANSPORT}]`;
    await this.hosts.append(tx, tags, plainHost(remark, literally(address)));
  }

  /** What client configs are made from, as of now. */
  published(): PublishedInbounds {
    return this.publish().published;
  }

  /** The user's share links, in the order of the core config and of the hosts, whatever the user's status. */
  shareLinks(user: Subscriber, now: Date): string[] {
    return this.publish().links(user, now, this.dice);
  }

  /** The user's entries for whole documents, in the same order. */
  entries(user: Subscriber, now: Date): Entry[] {
    return this.publish().entries(user, now, this.dice);
  }

  /**
   * Names what links and entries are made from beside the user: as long as it is the same, a user who has not changed
   * gets nothing new but other draws. The same on all replicas. Where hosts show the time left it changes each minute.
   */
  edition(now: Date): string {
    const { showsTime } = this.publish();
    const minute = showsTime ? Math.floor(now.getTime() / MINUTE_MS) : '';
    const { version, certificates } = this.configs.withCertificates();
    return `${version} ${certificates} ${this.snapshot?.version ?? ''} ${minute}`;
  }

  @Interval(POLL_MS)
  async poll(): Promise<void> {
    try {
      if ((await this.hosts.version()) !== this.snapshot?.version) await this.reload();
    } catch (error) {
      this.logger.warn({ err: error }, 'The hosts could not be looked up; the last known ones stay in use');
    }
  }

  private async reload(): Promise<void> {
    const snapshot = await this.hosts.snapshot();
    // Two readers may end in another order than they began.
    if (this.snapshot && this.snapshot.version > snapshot.version) return;
    this.snapshot = snapshot;
    this.publication = undefined;
  }

  /** Compiled at the first use after a change. */
  private publish(): Publication {
    const { inbounds } = this.configs.withCertificates();
    if (this.publication?.published.inbounds === inbounds) return this.publication;
    const enabled = (this.snapshot?.hosts ?? []).filter((host) => !host.isDisabled);
    const published: PublishedInbounds = {
      inbounds,
      hostsByTag: new Map(
        [...groupBy(enabled, (host) => host.inboundTag)].map(([tag, hosts]) => [
          tag,
          hosts.map(toPublishedHost),
        ]),
      ),
    };
    this.warnOfUnusable(published);
    this.publication = {
      published,
      links: compileShareLinks(published, this.surroundings),
      entries: compileEntries(published, this.surroundings),
      showsTime: showsTime(published),
    };
    return this.publication;
  }

  private warnOfUnusable(published: PublishedInbounds): void {
    const unusable = unusableHosts(published, this.surroundings).map(
      ({ tag, remark, reason }) => `“${remark}” of ${tag}: ${reason}`,
    );
    const warning = firstFew(unusable);
    if (warning !== '' && warning !== this.warned) this.logger.warn(`Nobody gets these hosts: ${warning}`);
    this.warned = warning;
  }
}

/** The hosts of each inbound, without what only orders them. */
function factsOf(hosts: ReadonlyMap<string, readonly (HostSettings | StoredHost)[]>): object {
  return Object.fromEntries([...hosts].map(([tag, settings]) => [tag, settings.map(settingsOf)]));
}

function settingsOf(host: HostSettings | StoredHost): object {
  const { id: _, inboundTag: __, position: ___, ...settings } = host as StoredHost;
  return settings;
}

/** The text with nothing in it that would be taken for a variable. */
function literally(text: string): string {
  return text.replace(/[{}]/g, '$&$&');
}

function merge(plans: readonly HostChanges[]): HostChanges {
  return {
    remove: plans.flatMap((plan) => plan.remove),
    update: plans.flatMap((plan) => plan.update),
    insert: plans.flatMap((plan) => plan.insert),
  };
}
