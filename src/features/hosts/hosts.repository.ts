import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Tx } from '../../shared/database/database.js';
import type { HostChanges } from './domain/plan-hosts.js';
import type { HostSettings, PlacedHost, StoredHost } from './host.js';

/** Column and type of each setting, in the order of the statements below. */
const COLUMNS = {
  inboundTag: ['inbound_tag', 'text'],
  position: ['position', 'int'],
  remark: ['remark', 'text'],
  address: ['address', 'text'],
  port: ['port', 'int'],
  sni: ['sni', 'text'],
  host: ['host', 'text'],
  path: ['path', 'text'],
  security: ['security', 'text'],
  alpn: ['alpn', 'text'],
  fingerprint: ['fingerprint', 'text'],
  allowInsecure: ['allowinsecure', 'boolean'],
  isDisabled: ['is_disabled', 'boolean'],
  muxEnable: ['mux_enable', 'boolean'],
  fragmentSetting: ['fragment_setting', 'text'],
  noiseSetting: ['noise_setting', 'text'],
  randomUserAgent: ['random_user_agent', 'boolean'],
  useSniAsHost: ['use_sni_as_host', 'boolean'],
} as const satisfies Record<keyof PlacedHost, readonly [string, string]>;

const NAMES = Object.values(COLUMNS).map(([name]) => name);
const SELECTED = Object.entries(COLUMNS).map(([key, [name]]) => `h.${name} AS "${key}"`);

export interface HostsSnapshot {
  /** Moves whenever any host changes. */
  version: bigint;
  /** Ordered by tag and position. */
  hosts: StoredHost[];
}

@Injectable()
export class HostsRepository {
  constructor(private readonly db: Database) {}

  async version(): Promise<bigint> {
    return (await this.db.row<{ version: bigint }>('SELECT hosts_version AS version FROM control_meta'))!
      .version;
  }

  /** All hosts with the version they belong to. */
  async snapshot(): Promise<HostsSnapshot> {
    const rows = await this.db.rows<StoredHost & { version: bigint; id: number | null }>(
      `SELECT m.hosts_version AS version, h.id, ${SELECTED}
         FROM control_meta m LEFT JOIN hosts h ON true ORDER BY h.inbound_tag, h.position`,
    );
    const hosts = rows.filter(({ id }) => id !== null).map(({ version: _, ...host }) => host);
    return { version: rows[0]!.version, hosts };
  }

  /** The hosts of `tags`, which nobody else changes until the transaction ends. */
  async lock(tx: Tx, tags: readonly string[]): Promise<StoredHost[]> {
    await tx.run('SELECT 1 FROM inbounds WHERE tag = ANY($1) ORDER BY id FOR UPDATE', [tags]);
    return this.ofTags(tx, tags);
  }

  /** Changes hosts of locked tags. */
  async change(tx: Tx, changes: HostChanges): Promise<void> {
    if (changes.remove.length + changes.update.length + changes.insert.length === 0) return;
    await tx.run('DELETE FROM hosts WHERE id = ANY($1)', [changes.remove]);
    await this.update(tx, changes.update);
    await this.insert(tx, changes.insert);
    await this.announce(tx);
  }

  /** Adds one host behind the others of each of the inbounds. */
  async append(tx: Tx, tags: readonly string[], host: HostSettings): Promise<void> {
    await tx.run('SELECT 1 FROM inbounds WHERE tag = ANY($1) ORDER BY id FOR UPDATE', [tags]);
    const places = await tx.rows<Pick<PlacedHost, 'inboundTag' | 'position'>>(
      `SELECT i.tag AS "inboundTag", coalesce(max(h.position) + 1, 0) AS position
         FROM inbounds i LEFT JOIN hosts h ON h.inbound_tag = i.tag WHERE i.tag = ANY($1) GROUP BY i.tag`,
      [tags],
    );
    await this.insert(
      tx,
      places.map((place) => ({ ...host, ...place })),
    );
    await this.announce(tx);
  }

  private async announce(tx: Tx): Promise<void> {
    await tx.run('UPDATE control_meta SET hosts_version = hosts_version + 1');
    await tx.run("SELECT pg_notify('hosts_changed', '')");
  }

  private async ofTags(db: Queryable, tags: readonly string[]): Promise<StoredHost[]> {
    return db.rows<StoredHost>(
      `SELECT h.id, ${SELECTED} FROM hosts h WHERE inbound_tag = ANY($1) ORDER BY inbound_tag, position`,
      [tags],
    );
  }

  private async update(tx: Tx, hosts: readonly StoredHost[]): Promise<void> {
    if (hosts.length === 0) return;
    const values = columnsOf(hosts);
    await tx.run(
      `UPDATE hosts SET (${NAMES}) = (SELECT ${NAMES.map((name) => `v.${name}`)})
         FROM unnest($${values.length + 1}::int[], ${arrays()}) AS v (id, ${NAMES})
        WHERE hosts.id = v.id`,
      [...values, hosts.map(({ id }) => id)],
    );
  }

  private async insert(tx: Tx, hosts: readonly PlacedHost[]): Promise<void> {
    if (hosts.length === 0) return;
    await tx.run(`INSERT INTO hosts (${NAMES}) SELECT * FROM unnest(${arrays()})`, columnsOf(hosts));
  }
}

function columnsOf(hosts: readonly PlacedHost[]): unknown[][] {
  return Object.keys(COLUMNS).map((key) => hosts.map((host) => host[key as keyof PlacedHost]));
}

/** `$1::text[], $2::int[], …` */
function arrays(): string {
  return Object.values(COLUMNS)
    .map(([, type], index) => `$${index + 1}::${type}[]`)
    .join(', ');
}
