import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Command } from 'commander';
import type { ImportReport } from '../../features/imports/index.js';
import { CommandFailed } from '../failures.js';
import { makeWritable, writeSecretly } from '../files.js';
import type { ImportWishes } from '../import-from.js';
import { type JsonOption, remark, say } from '../output.js';
import { Progress } from '../progress.js';
import { withServicesOrNothing } from '../with-services.js';
import { jsonOption, wholeNumber } from './values.js';

interface Options extends JsonOption, ImportWishes {
  allowRefused?: boolean;
  report?: string;
}

export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description(
      'bring a Marzban 0.8.4 here, with all its users, links, admins and figures; done again it brings what is new',
    )
    .requiredOption(
      '--from <url>',
      'its database: sqlite:///<file> or mysql://…, as in its .env (SQLALCHEMY_DATABASE_URL)',
    )
    .option('--core-config <file>', 'its core config; without it the one its .env names')
    .option('--env <file>', 'its .env, of which one for this service is made')
    .option('--templates <folder>', 'its templates; without it those its .env names')
    .option('--dry-run', 'write nothing, tell what would be')
    .option('--final', 'the last time, when Marzban is down: only what changed since the first import')
    .option('--merge', 'add to what is here, and leave that as it is')
    .option('--overwrite', 'lose what was changed here since the last import')
    .option('--allow-refused', 'count rows that cannot be kept as no failure')
    .option('--keep-config-unchecked', 'take a core config that Xray refuses')
    .option('--usage-days <days>', 'hourly traffic of so many days only', wholeNumber)
    .option(
      '--report <path>',
      'write the report: *.json, *.md, or both to a folder or name without one of these',
    )
    .addOption(jsonOption())
    .action(importMarzban);
}

async function importMarzban(options: Options): Promise<void> {
  const isDry = options.dryRun === true;
  const files = options.report === undefined ? [] : await reportFiles(options.report);
  const report = await withServicesOrNothing({ writes: !isDry }, async (services, config, signal) => {
    const { importFrom } = await import('../import-from.js');
    const progress = new Progress();
    try {
      return await importFrom(options, {
        services,
        config,
        signal,
        onProgress: progress.show.bind(progress),
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new CommandFailed('Stopped. What was finished stays; the same command goes on with the rest.');
    } finally {
      progress.end();
    }
  });
  await tell(report, files, options);
}

async function tell(
  report: ImportReport,
  files: readonly string[],
  { json, allowRefused }: Options,
): Promise<void> {
  const { isAccountedFor, toJson, toMarkdown } = await import('../../features/imports/index.js');
  say((json ? toJson(report) : toMarkdown(report)).trimEnd());
  for (const file of files) {
    // The settings in it hold secrets.
    await writeSecretly(file, extname(file) === '.json' ? toJson(report) : toMarkdown(report));
    remark(`The report is in ${file}`);
  }
  const refused = report.tables.reduce((sum, table) => sum + table.refused, 0);
  if (refused > 0 && !allowRefused) {
    throw new CommandFailed(
      `${refused} row${refused === 1 ? ' is' : 's are'} refused, as the report says; everything else ${report.dryRun ? 'can be' : 'is'} imported. With --allow-refused that is no failure.`,
    );
  }
  if (!isAccountedFor(report))
    throw new CommandFailed('Not everything is accounted for: see what the report marks.');
}

/** Where the report goes: one file by its ending, else both kinds. That it cannot go there is found before all the work. */
async function reportFiles(path: string): Promise<string[]> {
  const isFolder = path.endsWith('/') || (await stat(path).catch(() => undefined))?.isDirectory() === true;
  const base = isFolder ? join(path, 'margrave-import') : path;
  const files =
    !isFolder && ['.json', '.md'].includes(extname(path)) ? [path] : [`${base}.md`, `${base}.json`];
  for (const file of files) await makeWritable(file);
  return files;
}
