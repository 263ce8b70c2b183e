import type { Config } from '../config/config.js';
import {
  carriedSettings,
  type ImportReport,
  openImporter,
  openSource,
  readSourceFiles,
} from '../features/imports/index.js';
import type { Services } from './services.js';

/** What the options of the command say, by their names. */
export interface ImportWishes {
  from: string;
  coreConfig?: string;
  env?: string;
  templates?: string;
  dryRun?: boolean;
  final?: boolean;
  merge?: boolean;
  overwrite?: boolean;
  keepConfigUnchecked?: boolean;
  usageDays?: number;
}

interface With {
  /** Undefined where there is nothing yet. */
  services: Services | undefined;
  config: Config;
  signal: AbortSignal;
  onProgress: (step: string, rows: number, of: number | undefined) => void;
}

/** Reads a Marzban and what is beside it, and brings it here. */
export async function importFrom(
  wanted: ImportWishes,
  { services, config, signal, onProgress }: With,
): Promise<ImportReport> {
  const { env, coreConfig, templates } = wanted;
  const files = await readSourceFiles({
    ...(env !== undefined && { env }),
    ...(coreConfig !== undefined && { coreConfig }),
    ...(templates !== undefined && { templates }),
    ...(config.xray.assetsPath !== undefined && { assets: config.xray.assetsPath }),
  });
  const settings = env === undefined ? undefined : carriedSettings(files.settings, config);
  onProgress('opening the database', 0, undefined);
  const source = await openSource(wanted.from, signal);
  try {
    const importer = await openImporter(
      config,
      services && { get: services.get, database: services.database },
    );
    return await importer.run({
      source,
      isDry: wanted.dryRun === true,
      isFinal: wanted.final === true,
      isMerge: wanted.merge === true,
      overwrites: wanted.overwrite === true,
      keepConfigUnchecked: wanted.keepConfigUnchecked === true,
      usageDays: wanted.usageDays,
      coreConfig: files.coreConfig?.text,
      warnings: [...files.warnings, ...(settings?.warnings ?? [])],
      environment: settings?.env,
      signal,
      onProgress,
    });
  } finally {
    await source.close();
  }
}
