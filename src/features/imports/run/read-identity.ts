import { createHash } from 'node:crypto';
import { toInstant } from '../domain/values.js';
import { ImportRefused } from '../imports.errors.js';
import type { Source, SourceRow } from '../source/source.js';

/** What makes an installation of Marzban the one it is. */
export interface Identity {
  /** The hash of its key. */
  sourceId: string;
  /** Signs links and tokens. */
  secret: string;
  /** How it shows itself to nodes. */
  certificate: { certificate: string; key: string };
}

export async function readIdentity(source: Source): Promise<Identity> {
  const [jwt] = await all(source, 'SELECT secret_key FROM jwt ORDER BY id');
  const [tls] = await all(source, 'SELECT * FROM tls ORDER BY id');
  if (!jwt?.secret_key || !tls?.key || !tls.certificate) {
    throw new ImportRefused('This database of Marzban has no keys: start Marzban once, which makes them.');
  }
  const secret = String(jwt.secret_key);
  return {
    secret,
    sourceId: createHash('sha256').update(secret).digest('hex'),
    certificate: { certificate: String(tls.certificate), key: String(tls.key) },
  };
}

export interface Newest {
  onlineAt: Date | null;
  hour: Date | null;
  /** Of all that was noted of users. */
  change: Date | null;
}

/** How far the source has come. */
export async function readNewest(source: Source): Promise<Newest> {
  const [users] = await all(
    source,
    'SELECT MAX(online_at) AS online, MAX(edit_at) AS edited, MAX(created_at) AS created FROM users',
  );
  const [resets] = await all(source, 'SELECT MAX(reset_at) AS reset FROM user_usage_logs');
  const [hours] = await all(source, 'SELECT MAX(created_at) AS hour FROM node_user_usages');
  const [nodes] = await all(source, 'SELECT MAX(created_at) AS hour FROM node_usages');
  const latest = (...values: (SourceRow[string] | undefined)[]) =>
    values
      .flatMap((value) => toInstant(value ?? null, true) ?? [])
      .reduce<Date | null>((last, at) => (last && last > at ? last : at), null);
  return {
    onlineAt: latest(users?.online),
    hour: latest(hours?.hour, nodes?.hour),
    change: latest(users?.online, users?.edited, users?.created, resets?.reset),
  };
}

async function all(source: Source, sql: string): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const batch of source.read(sql)) rows.push(...batch);
  return rows;
}
