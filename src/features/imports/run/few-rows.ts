import type { Tx } from '../../../shared/database/database.js';
import { type AdminRules, mapAdmin, mapAdminReset, namesAlike, type TargetAdmin } from '../domain/admins.js';
import { mapHost, type TargetHost } from '../domain/hosts.js';
import type { Ledger } from '../domain/ledger.js';
import { mapNode, type TargetNode } from '../domain/nodes.js';
import { SUMS } from '../domain/sums.js';
import { mapTemplate, mapTemplateTag, type TargetTemplate } from '../domain/templates.js';
import { readTotals } from '../domain/user-parts.js';
import { clip, MILLION, toId } from '../domain/values.js';
import type { ImportsRepository } from '../imports.repository.js';
import type { TargetAdminsRepository } from '../target/target-admins.repository.js';
import type { TargetHostsRepository } from '../target/target-hosts.repository.js';
import type { TargetNodesRepository } from '../target/target-nodes.repository.js';
import type { ImportRun } from './import-run.js';

export interface FewRowsTarget {
  imports: ImportsRepository;
  admins: TargetAdminsRepository;
  hosts: TargetHostsRepository;
  nodes: TargetNodesRepository;
}

/** Admins and the resets of their usage. Returns the way from their ids in the source to those here. */
export async function importAdmins(
  run: ImportRun,
  target: FewRowsTarget,
  rules: AdminRules,
): Promise<Map<number, number>> {
  return run.group(async (tx, books) => {
    const read: TargetAdmin[] = [];
    for (const row of await run.all('SELECT * FROM admins ORDER BY id')) {
      run.bookSource(books, SUMS.usersUsage, row, 'users_usage');
      const admin = books.add('admins', mapAdmin(row, rules));
      if (admin) read.push(admin);
    }
    warnOfNames(run, read);
    const names = read.map(({ username }) => username);
    const known = run.mode.isMerge
      ? await target.admins.findByNames(run.reader(tx), names)
      : new Map<string, number>();
    const before = new Set(run.state?.written.admins ?? []);
    const isForeign = ({ username }: TargetAdmin) => known.has(username) && !before.has(known.get(username)!);
    refuseAdmins(books, read.filter(isForeign));
    const admins = read.filter((admin) => !isForeign(admin));
    for (const { usersUsage } of admins) books.target(SUMS.usersUsage, usersUsage);
    const ids = tx
      ? await target.admins.put(tx, admins)
      : new Map(admins.map((a) => [a.username, a.sourceId]));
    const idOf = new Map(read.map((a) => [a.sourceId, ids.get(a.username) ?? known.get(a.username)!]));
    const written = [...ids.values()];
    await importAdminResets(run, target, { tx, books, idOf, written: [...written, ...before] });
    if (tx) {
      await target.admins.remove(
        tx,
        [...before].filter((id) => !written.includes(id)),
      );
      await target.imports.noteWritten(tx, run.identity.sourceId, { admins: written });
    }
    return idOf;
  });
}

async function importAdminResets(
  run: ImportRun,
  target: FewRowsTarget,
  {
    tx,
    books,
    idOf,
    written,
  }: { tx: Tx | undefined; books: Ledger; idOf: Map<number, number>; written: number[] },
): Promise<void> {
  const resets = [];
  for (const row of await run.all('SELECT * FROM admin_usage_logs ORDER BY id')) {
    run.bookSource(books, SUMS.adminResets, row, 'used_traffic_at_reset');
    const reset = books.add('admin_usage_logs', mapAdminReset(row, idOf, run.importedAt));
    if (!reset) continue;
    books.target(SUMS.adminResets, reset.usedTraffic);
    resets.push(reset);
  }
  if (!tx) return;
  await target.admins.clearResets(tx, written);
  await target.admins.addResets(tx, resets);
}

function warnOfNames(run: ImportRun, admins: readonly TargetAdmin[]): void {
  const alike = namesAlike(admins.map(({ username }) => username));
  if (alike.length > 0)
    run.warnings.push(`Names of admins that differ in case only: ${listed(alike)}. Each logs in by its own.`);
  if (run.source.engine === 'SQLite') return;
  const cased = admins
    .map(({ username }) => username)
    .filter((name) => name.toLowerCase() !== name.toUpperCase());
  if (cased.length > 0) {
    run.warnings.push(
      `${run.source.engine} let admins log in whatever the case, accents or trailing blanks of their name; here it must be exact: ${listed(cased)}.`,
    );
  }
}

function refuseAdmins(books: Ledger, admins: readonly TargetAdmin[]): void {
  books.count('admins', { imported: -admins.length });
  books.drop(
    admins.map(({ sourceId, username, usersUsage }) => ({
      table: 'admins',
      verdict: 'refused',
      what: 'an admin of this name is here already: left as it is; users of it are owned by that one',
      id: BigInt(sourceId),
      name: clip(username),
      amounts: { [SUMS.usersUsage]: usersUsage * MILLION },
    })),
  );
}

/** Inbounds, hosts and templates. Returns the tags. */
export async function importHosts(
  run: ImportRun,
  target: FewRowsTarget,
  isFresh: boolean,
): Promise<Set<string>> {
  return run.group(async (tx, books) => {
    const tags = new Set<string>();
    for (const row of await run.all('SELECT * FROM inbounds ORDER BY id')) {
      const tag = row.tag === null ? null : String(row.tag).replaceAll('\0', '');
      books.count('inbounds', { read: 1, imported: tag === null ? 0 : 1, dropped: tag === null ? 1 : 0 });
      if (tag !== null) tags.add(tag);
    }
    const hosts: TargetHost[] = [];
    for (const row of await run.all('SELECT * FROM hosts ORDER BY id')) {
      const host = books.add('hosts', mapHost(row, tags));
      if (host) hosts.push(host);
    }
    const all = new Set([...tags, ...hosts.map(({ inboundTag }) => inboundTag)]);
    if (tx) {
      if (isFresh) await target.hosts.removeOtherInbounds(tx, [...all]);
      const added = await target.hosts.addInbounds(tx, [...all]);
      const replaced = run.mode.isMerge ? new Set(added) : all;
      await target.hosts.replace(
        tx,
        [...replaced],
        hosts.filter(({ inboundTag }) => replaced.has(inboundTag)),
      );
    }
    await importTemplates(run, target, { tx, books, tags });
    return all;
  });
}

async function importTemplates(
  run: ImportRun,
  target: FewRowsTarget,
  { tx, books, tags }: { tx: Tx | undefined; books: Ledger; tags: ReadonlySet<string> },
): Promise<void> {
  const rows = await run.all('SELECT * FROM user_templates ORDER BY id');
  const ids = new Set(rows.map((row) => Number(toId(row.id) ?? 0)));
  const tagsOf = new Map<number, string[]>();
  const links = await run.all(
    `SELECT t.user_template_id, t.inbound_tag FROM template_inbounds_association t
       LEFT JOIN inbounds i ON i.tag = t.inbound_tag ORDER BY t.user_template_id, i.id`,
  );
  for (const link of links) {
    const mapped = books.add('template_inbounds_association', mapTemplateTag(link, ids, tags));
    if (mapped) tagsOf.set(mapped.templateId, [...(tagsOf.get(mapped.templateId) ?? []), mapped.tag]);
  }
  let templates: TargetTemplate[] = [];
  for (const row of rows) {
    const template = books.add(
      'user_templates',
      mapTemplate(row, tagsOf.get(Number(toId(row.id) ?? 0)) ?? []),
    );
    if (template) templates.push(template);
  }
  const before = run.state?.written.templates ?? [];
  if (run.mode.isMerge) {
    const others = templates.filter(({ id }) => !before.includes(id));
    const taken = await target.hosts.takenTemplates(run.reader(tx), others);
    books.count('user_templates', { imported: -taken.size });
    books.drop(
      templates
        .filter(({ id }) => taken.has(id))
        .map(({ id, name }) => ({
          table: 'user_templates',
          verdict: 'refused',
          what: 'a template of this id or name is here already: left as it is',
          id: BigInt(id),
          name: clip(name),
        })),
    );
    templates = templates.filter(({ id }) => !taken.has(id));
  }
  if (!tx) return;
  const written = templates.map(({ id }) => id);
  await target.hosts.putTemplates(
    tx,
    templates,
    before.filter((id) => !written.includes(id)),
  );
  await target.imports.noteWritten(tx, run.identity.sourceId, { templates: written });
}

/** Nodes, and what all cores carried. Returns the nodes that are here, and the one of the local core. */
export async function importNodes(
  run: ImportRun,
  target: FewRowsTarget,
): Promise<{ nodes: Set<number>; localId: number }> {
  return run.group(async (tx, books) => {
    let nodes: TargetNode[] = [];
    for (const row of await run.all('SELECT * FROM nodes ORDER BY id')) {
      const node = books.add('nodes', mapNode(row));
      if (node) nodes.push(node);
    }
    const before = run.state?.written.nodes ?? [];
    if (run.mode.isMerge) {
      const taken = await target.nodes.taken(
        run.reader(tx),
        nodes.filter(({ id }) => !before.includes(id)),
      );
      books.count('nodes', { imported: -taken.size });
      books.drop(
        nodes
          .filter(({ id }) => taken.has(id))
          .map(({ id, name }) => ({
            table: 'nodes',
            verdict: 'refused',
            what: 'a node of this id or name is here already: left as it is',
            id: BigInt(id),
            name: clip(name),
          })),
      );
      nodes = nodes.filter(({ id }) => !taken.has(id));
    }
    const [system] = await run.all('SELECT * FROM `system` ORDER BY id');
    const totals = readTotals(system);
    run.bookSource(books, SUMS.systemUp, system, 'uplink');
    run.bookSource(books, SUMS.systemDown, system, 'downlink');
    books.count('system', { read: system ? 1 : 0, imported: system ? 1 : 0 });
    books.note(totals.remarks);
    books.target(SUMS.systemUp, totals.uplink);
    books.target(SUMS.systemDown, totals.downlink);
    const written = nodes.map(({ id }) => id);
    const last = Math.max(0, ...written);
    if (!tx) return { nodes: new Set(written), localId: last + 1 };
    const localId = run.mode.isMerge
      ? (run.state?.written.localId ?? (await target.nodes.addFormerLocal(tx, last)))
      : await target.nodes.moveLocal(tx, last);
    await target.nodes.put(
      tx,
      nodes,
      before.filter((id) => !written.includes(id)),
    );
    await target.nodes.putTotals(tx, localId, totals.uplink, totals.downlink);
    await target.imports.noteWritten(tx, run.identity.sourceId, { nodes: written, localId });
    return { nodes: new Set(written), localId };
  });
}

/** Some names, and how many more. */
export const listed = (names: readonly string[]): string =>
  names
    .slice(0, 20)
    .map((name) => JSON.stringify(name))
    .join(', ') + (names.length > 20 ? ` and ${names.length - 20} more` : '');
