import { createHash, createSecretKey } from 'node:crypto';
import type { Database } from '../../../shared/database/database.js';
import type { SecretStore } from '../../../shared/secrets/secret-store.js';
import type { Proxies, TagsByProtocol } from '../../../xray/config/types.js';
import { isTokenValid, readToken } from '../../users/index.js';
import type { IdSet } from '../domain/id-set.js';
import { millionthsOf } from '../domain/hours.js';
import type { ImportReport, Proof } from '../domain/report.js';
import { MILLION, toId, toInstant } from '../domain/values.js';
import { NODE_CERTIFICATE, subscriptionKeyOf } from '../import-secrets.js';
import type { SourceRow } from '../source/source.js';
import type { ImportRun } from './import-run.js';
import type { Identity } from './read-identity.js';

/** So many users are drawn, and as many of those with a revocation. */
const DRAWN = 10;

interface Written {
  id: number;
  username: string;
  createdAt: Date;
  subRevokedAt: Date | null;
  proxies: Proxies;
  excludedInbounds: TagsByProtocol;
  lifetime: bigint;
}

/**
 * Looks at what was written as clients would, without what wrote it: a link as Marzban makes them, excluded inbounds and
 * lifetime traffic of users drawn at random.
 */
export async function prove(
  run: ImportRun,
  { db, secrets }: { db: Database; secrets: SecretStore },
  identity: Identity,
  ids: IdSet,
): Promise<NonNullable<ImportReport['proof']>> {
  const keys = await secrets.all();
  const imported = keys.get(subscriptionKeyOf(identity.sourceId))?.text;
  const users: Proof[] = [];
  for (const user of await drawn(db)) {
    const row = ids.has(user.id) ? await sourceOf(run, user.id) : undefined; // others were here before
    if (row) users.push({ username: user.username, differences: differences(user, row, imported, run.at) });
  }
  const kept = keys.get(NODE_CERTIFICATE)?.text;
  return { users, certificate: kept === JSON.stringify(identity.certificate) };
}

async function drawn(db: Database): Promise<Written[]> {
  return db.rows<Written>(
    `SELECT u.id, u.username, u.created_at AS "createdAt", u.sub_revoked_at AS "subRevokedAt", u.proxies,
            u.excluded_inbounds AS "excludedInbounds", g.used_traffic + g.reset_traffic AS lifetime
       FROM users u JOIN user_usage g ON g.user_id = u.id
      WHERE u.id IN (SELECT id FROM (SELECT id FROM users ORDER BY random() LIMIT $1) AS any_user
                     UNION
                     SELECT id FROM (SELECT id FROM users WHERE sub_revoked_at IS NOT NULL ORDER BY random() LIMIT $1) AS revoked)
      ORDER BY u.id`,
    [DRAWN],
  );
}

interface SourceFacts {
  user: SourceRow;
  /** By the stored name of the protocol. */
  excluded: SourceRow[];
  resets: SourceRow[];
}

async function sourceOf(run: ImportRun, id: number): Promise<SourceFacts | undefined> {
  const [user] = await run.all(
    'SELECT username, used_traffic, created_at, sub_revoked_at FROM users WHERE id = ?',
    [id],
  );
  if (!user) return undefined;
  const excluded = await run.all(
    `SELECT p.id, p.type AS type, e.inbound_tag FROM proxies p
       LEFT JOIN exclude_inbounds_association e ON e.proxy_id = p.id AND e.inbound_tag IN (SELECT tag FROM inbounds)
      WHERE p.user_id = ? ORDER BY p.id`,
    [id],
  );
  const resets = await run.all('SELECT used_traffic_at_reset FROM user_usage_logs WHERE user_id = ?', [id]);
  return { user, excluded, resets };
}

function differences(user: Written, facts: SourceFacts, key: string | undefined, now: Date): string[] {
  const found: string[] = [];
  if (String(facts.user.username) !== user.username) found.push('the name');
  if (!resolves(facts, user, key, now)) found.push('a link from before leads nowhere');
  if (!sameExclusions(facts.excluded, user)) found.push('protocols or excluded inbounds');
  const bytes = (row: SourceRow, column: string) => {
    const amount = millionthsOf(row[column]) / MILLION;
    return amount > 0n ? amount : 0n;
  };
  const lifetime = facts.resets.reduce(
    (sum, row) => sum + bytes(row, 'used_traffic_at_reset'),
    bytes(facts.user, 'used_traffic'),
  );
  if (lifetime !== user.lifetime) found.push(`lifetime traffic ${lifetime} became ${user.lifetime}`);
  return found;
}

/** Marzban's own rule makes the link of the second in which the last revocation, or the creation, is over. */
function resolves({ user: row }: SourceFacts, user: Written, key: string | undefined, now: Date): boolean {
  if (key === undefined) return false;
  const since = toInstant(row.sub_revoked_at ?? row.created_at ?? null, true) ?? new Date(0);
  const created = toInstant(row.created_at ?? null, true) ?? new Date(0);
  const seconds = Math.ceil(Math.max(since.getTime(), created.getTime()) / 1000);
  if (user.username.includes(',')) return true; // no link of Marzban's could hold it
  const payload = Buffer.from(`${user.username},${seconds}`).toString('base64url');
  const signature = createHash('sha256')
    .update(payload + key)
    .digest('base64url')
    .slice(0, 10);
  const read = readToken(
    payload + signature,
    { own: createSecretKey(Buffer.alloc(32)), imported: [key] },
    now,
  );
  return read?.username === user.username && isTokenValid(read.issued, user.createdAt, user.subRevokedAt);
}

function sameExclusions(rows: readonly SourceRow[], user: Written): boolean {
  const tagsOf = new Map<string, { id: bigint | null; tags: Set<string> }>();
  for (const row of rows) {
    const protocol = String(row.type).toLowerCase();
    const known = tagsOf.get(protocol);
    const id = toId(row.id);
    const tags = known && known.id === id ? known.tags : new Set<string>(); // the last credentials of a protocol count
    if (row.inbound_tag !== null) tags.add(String(row.inbound_tag));
    tagsOf.set(protocol, { id, tags });
  }
  const kept = Object.keys(user.proxies);
  const excluded = user.excludedInbounds as Record<string, string[] | undefined>;
  return (
    kept.length === tagsOf.size &&
    kept.every((protocol) => {
      const [there, here] = [tagsOf.get(protocol)?.tags, excluded[protocol] ?? []];
      return there?.size === here.length && here.every((tag) => there.has(tag));
    })
  );
}
