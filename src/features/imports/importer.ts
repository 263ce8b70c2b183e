import type { Config } from '../../config/config.js';
import { InvalidCoreConfig } from '../../xray/config/index.js';
import { isDiscordWebhook } from '../admins/index.js';
import type { CoreConfig, CoreTrials } from '../core/index.js';
import type { IdSet } from './domain/id-set.js';
import type { ImportReport } from './domain/report.js';
import { NODE_CERTIFICATE, subscriptionKeyOf } from './import-secrets.js';
import type { ImportTarget } from './import-target.js';
import { ImportRefused } from './imports.errors.js';
import type { ImportState, Situation } from './imports.repository.js';
import { findImported, importUsers } from './run/all-users.js';
import { type FewRowsTarget, importAdmins, importHosts, importNodes, listed } from './run/few-rows.js';
import { History } from './run/history.js';
import { ImportRun, type OnProgress, requireAlone } from './run/import-run.js';
import { prove } from './run/prove.js';
import { type Identity, readIdentity, readNewest } from './run/read-identity.js';
import { REVISION } from './source/revisions.js';
import type { Source } from './source/source.js';
import { ImportsRepository } from './imports.repository.js';
import { TargetAdminsRepository } from './target/target-admins.repository.js';
import { TargetHostsRepository } from './target/target-hosts.repository.js';
import { TargetNodesRepository } from './target/target-nodes.repository.js';
import { TargetUsageRepository } from './target/target-usage.repository.js';
import { TargetUserPartsRepository } from './target/target-user-parts.repository.js';
import { TargetUsersRepository } from './target/target-users.repository.js';

const HOUR_MS = 3_600_000;
/** So many users, or such a share of all, may be gone at the source without an operator's word. */
const MOST_LOST = 20;
const MOST_LOST_SHARE = 0.1;

export interface ImportOptions {
  source: Source;
  /** Looks and reports, and writes nothing. */
  isDry: boolean;
  /** There are users here already. */
  isMerge: boolean;
  /** The source is read for the last time: it was imported before. */
  isFinal: boolean;
  /** What was changed here since the last run is lost. */
  overwrites: boolean;
  /** History of so many days; all of it without. */
  usageDays: number | undefined;
  /** Text of the core config that Marzban used. */
  coreConfig: string | undefined;
  keepConfigUnchecked: boolean;
  /** Found beside the database, for the report. */
  warnings: readonly string[];
  environment: string | undefined;
  signal: AbortSignal | undefined;
  onProgress: OnProgress;
}

/**
 * Brings an installation of Marzban here: every user with its id, credentials and links, every admin, host, template and
 * node, and all that was counted. Done again it brings what is new, and goes on where it was cut short.
 */
export class Importer {
  private readonly few: Omit<FewRowsTarget, 'imports'> = {
    admins: new TargetAdminsRepository(),
    hosts: new TargetHostsRepository(),
    nodes: new TargetNodesRepository(),
  };
  private readonly users = new TargetUsersRepository();
  private readonly parts = new TargetUserPartsRepository();
  private readonly usage = new TargetUsageRepository();

  constructor(
    private readonly config: Config,
    private readonly trials: CoreTrials,
    /** Undefined where nothing was ever set up: good enough for a dry run. */
    private readonly target: ImportTarget | undefined,
    /** For people. */
    private readonly description: string,
  ) {}

  /** @throws ImportRefused before anything is written, and the signal's reason */
  async run(options: ImportOptions): Promise<ImportReport> {
    const { target } = this;
    if (options.isDry) return this.perform(options);
    if (!target) throw new ImportRefused('There is no database to import into.');
    await requireAlone(target.imports);
    const done = await target.imports.exclusively(async () => this.perform(options));
    if (!done) throw new ImportRefused('Another import is under way on this database: wait for its end.');
    return done.result;
  }

  private async perform(options: ImportOptions): Promise<ImportReport> {
    const { target } = this;
    const { source, isDry, isMerge } = options;
    const begun = performance.now();
    const identity = await readIdentity(source);
    const at = (await target?.imports.now()) ?? new Date();
    const situation = await target?.imports.situation();
    const state = situation?.imports.find(({ sourceId }) => sourceId === identity.sourceId);
    await this.refuse(options, situation, state);
    if (state?.usersAt && !isMerge && !options.overwrites) await this.refuseLosses(source, state);
    const run = new ImportRun(
      source,
      { isDry, isMerge },
      identity,
      state,
      at,
      target?.imports,
      target?.db,
      options.signal,
      options.onProgress,
    );
    const newest = await readNewest(source);
    const isRunning = newest.hour !== null && at.getTime() - newest.hour.getTime() < HOUR_MS;
    const coreConfig = await this.checkCoreConfig(run, options);
    await this.writeIdentity(run, identity, newest.change ?? at, situation);
    const { localId, ids } = await this.importAll(run, options, situation);
    if (!isDry && target) await this.finish(run, target, coreConfig, localId);
    const proof = isDry || !target ? undefined : await prove(run, target, identity, ids);
    return {
      dryRun: isDry,
      startedAt: at,
      seconds: (performance.now() - begun) / 1000,
      source: {
        engine: source.engine,
        description: source.description,
        revision: REVISION,
        bytes: source.bytes,
        newestOnlineAt: newest.onlineAt,
        newestHour: newest.hour,
        isRunning,
      },
      target: this.description,
      tables: run.ledger.tables,
      sums: run.ledger.totals,
      remarks: run.ledger.remarks,
      warnings: [...this.warningsOf(isRunning, options), ...run.warnings, ...options.warnings],
      environment: options.environment,
      proof,
    };
  }

  /** What an import may not begin with. @throws ImportRefused */
  private async refuse(
    { isMerge, isFinal, overwrites }: ImportOptions,
    situation: Situation | undefined,
    state: ImportState | undefined,
  ): Promise<void> {
    if (isFinal && isMerge)
      throw new ImportRefused('--final and --merge exclude each other: a merge brings users once.');
    if (isFinal && !state?.finishedAt) {
      throw new ImportRefused(
        'This installation was not imported yet, or not to the end: import it without --final first.',
      );
    }
    if (state && state.isMerge !== isMerge) {
      throw new ImportRefused(
        state.isMerge
          ? 'This installation was merged into what is here: only --merge goes on with that.'
          : 'This installation was imported already: import it again without --merge, which brings it up to date.',
      );
    }
    const { users = 0, nodes = 0, templates = 0 } = situation ?? {};
    if (!state && !isMerge && users + nodes + templates > 0) {
      throw new ImportRefused(
        `There is something here already (users: ${users}, nodes: ${nodes}, templates: ${templates}): import into an empty installation, or add to this one with --merge, which leaves what is here as it is.`,
      );
    }
    if (!state?.usersAt || isMerge || overwrites) return;
    const changed = await this.target!.imports.changedSince(state.lastAt, state.written.lastUser ?? 0);
    if (changed.length === 0) return;
    const what = changed.map(
      ({ kind, count, names }) => `${count} ${kind}${count === 1 ? '' : 's'} (${listed(names)})`,
    );
    throw new ImportRefused(
      `Since the last import something was changed here: ${what.join('; ')}. With --overwrite it becomes what it is at the source.`,
    );
  }

  /** An older or partial copy would take away the users it lacks. @throws ImportRefused */
  private async refuseLosses(source: Source, state: ImportState): Promise<void> {
    const here = await this.target!.imports.countImported(state.written.lastUser ?? 0);
    let there = 0;
    for await (const rows of source.read('SELECT COUNT(*) AS users FROM users'))
      there = Number(rows[0]?.users);
    const lost = here - there;
    if (lost <= Math.max(MOST_LOST, here * MOST_LOST_SHARE)) return;
    throw new ImportRefused(
      `The source has ${there} users and ${here} were imported before: is it an older copy, or a part? With --overwrite the ${lost} that it lacks are removed here.`,
    );
  }

  /** @throws ImportRefused when it cannot be used, unless it is to be kept all the same */
  private async checkCoreConfig(run: ImportRun, options: ImportOptions): Promise<CoreConfig | undefined> {
    const { coreConfig: text, keepConfigUnchecked, isDry } = options;
    if (text === undefined) {
      run.warnings.push('No core config was given (--core-config): that of this installation stays.');
      return undefined;
    }
    const refuse = (reason: string) => {
      const sentence = `The core config cannot be used: ${reason}`;
      if (!isDry && !keepConfigUnchecked) {
        throw new ImportRefused(
          `${sentence}. Mend it, or import it all the same with --keep-config-unchecked.`,
        );
      }
      run.warnings.push(
        `${sentence}. ${isDry ? 'The import refuses it without --keep-config-unchecked' : 'It is kept all the same'}.`,
      );
    };
    try {
      const config = this.trials.read(text);
      if (!this.trials.canAsk) run.warnings.push('There is no Xray here to try the core config with.');
      const refusal = await this.trials.refusal(config);
      if (refusal !== undefined) refuse(refusal);
      return config;
    } catch (error) {
      if (!(error instanceof InvalidCoreConfig)) throw error;
      refuse(error.message);
      return isDry ? undefined : this.trials.readLeniently(text);
    }
  }

  /** Keys first: whatever is written afterwards is told by them whose it is. */
  private async writeIdentity(
    run: ImportRun,
    { sourceId, secret, certificate }: Identity,
    newest: Date,
    situation: Situation | undefined,
  ): Promise<void> {
    const { target } = this;
    // The environment's admin has a row before the source's of the same name comes.
    if (!run.mode.isDry) await target!.admins.ensureEnvironmentAdmin();
    await run.group(async (tx, books) => {
      books.count('jwt', { read: 1, imported: 1 });
      books.count('tls', { read: 1, imported: 1 });
      const keepsOwn = run.mode.isMerge && (situation?.nodes ?? 0) > 0;
      if (keepsOwn) {
        run.warnings.push(
          'The certificate for nodes stays that of this installation, since it has nodes: give it to the imported ones.',
        );
      }
      if (!tx) return;
      const at = newest > run.at ? newest : run.at;
      const isMerge = run.mode.isMerge;
      await target!.imports.begin(tx, {
        sourceId,
        source: run.source.description,
        isMerge,
        at: run.at,
        newest: at,
      });
      await target!.secrets.put(tx, subscriptionKeyOf(sourceId), secret);
      if (!keepsOwn) await target!.secrets.put(tx, NODE_CERTIFICATE, JSON.stringify(certificate));
    });
  }

  private async importAll(
    run: ImportRun,
    { usageDays, isMerge }: ImportOptions,
    situation: Situation | undefined,
  ): Promise<{ localId: number; ids: IdSet }> {
    const imports = this.target?.imports as ImportsRepository; // only what writes asks it
    const few: FewRowsTarget = { ...this.few, imports };
    const isFirst = !run.state && (situation?.imports.length ?? 0) === 0;
    const rules = { environmentAdmin: this.config.auth.sudo?.username, isDiscordWebhook };
    const admins = await importAdmins(run, few, rules);
    const tags = await importHosts(run, few, isFirst && !isMerge);
    const { nodes, localId } = await importNodes(run, few);
    const users =
      isMerge && run.state?.usersAt
        ? await findImported(run)
        : await importUsers(
            run,
            { imports, users: this.users, parts: this.parts },
            { admins, tags, secret: run.identity.secret },
          );
    const history = new History(run, { imports, usage: this.usage }, { users: users.ids, nodes, localId });
    const books = await history.import(usageDays);
    books.closeInto(run.ledger);
    await run.group(async (tx) => {
      if (!tx) return;
      const last = { users: Math.max(users.lastId, usable(books.lastUser)), nodes: usable(books.lastNode) };
      await imports.moveSequences(tx, last);
      await few.nodes.needFullSync(tx);
    });
    return { localId, ids: users.ids };
  }

  private async finish(
    run: ImportRun,
    target: ImportTarget,
    coreConfig: CoreConfig | undefined,
    localId: number,
  ): Promise<void> {
    const by = { kind: 'import', id: null, name: run.source.description, admin: null } as const;
    if (coreConfig && !run.mode.isMerge) await target.core.adopt(by, coreConfig);
    run.onProgress('statistics of the tables', 0, undefined);
    await target.imports.analyze();
    if (!run.mode.isMerge) {
      const measured = await target.imports.write(async (tx) => target.imports.measure(tx, localId));
      for (const [sum, bytes] of measured) this.bookMeasured(run, sum, bytes);
    }
    await target.imports.write(async (tx) => {
      const rows = run.ledger.tables.map(({ table, imported }) => [table, imported]);
      const activity = {
        action: 'marzban_imported',
        by,
        subject: { kind: 'import', id: null, name: run.source.description },
        after: Object.fromEntries(rows),
      } as const;
      await target.activities.note(tx, run.at, [activity], []);
      await target.imports.noteFinished(tx, run.identity.sourceId);
    });
  }

  /** Days that were not read again are booked as they were when they were read. */
  private bookMeasured({ ledger, state }: ImportRun, sum: string, bytes: bigint): void {
    const booked = ledger.totals.get(sum)?.target ?? 0n;
    ledger.measured(sum, bytes);
    if (state?.historyThrough && (sum.startsWith('node_usages.') || sum.startsWith('node_user_usages.'))) {
      const why =
        'hours of users and nodes that vanished after they had been read, or that were counted here';
      ledger.explain(why, { [sum]: booked - ledger.totals.get(sum)!.target });
    }
  }

  private warningsOf(isRunning: boolean, { isFinal }: ImportOptions): string[] {
    if (!isRunning) return [];
    return [
      isFinal
        ? 'The newest traffic of the source is of this hour: make sure that Marzban is down before the service is started here.'
        : 'Marzban seems to be running: what it does from now on is brought by another import with --final, once it is down.',
    ];
  }
}

/** What claims to be an id and is far from all others would leave none for new rows. */
const usable = (id: number): number => (id < 2_000_000_000 ? id : 0);
