import { type Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemReason } from '../../../config/startup-error.js';
import { SETTINGS } from '../../../config/settings/index.js';
import { TEMPLATE_SETTINGS } from '../../../config/template-settings.js';
import { parseEnvFile } from '../domain/env-file.js';
import { namedFiles } from '../domain/named-files.js';
import { ImportRefused } from '../imports.errors.js';

export interface SourcePaths {
  /** Marzban's `.env`. */
  env?: string;
  coreConfig?: string;
  templates?: string;
  /** Where this service finds geoip.dat and geosite.dat, unless the `.env` says. */
  assets?: string;
}

/** What of a Marzban is not in its database. */
export interface SourceFiles {
  /** Of its `.env`; empty without one. */
  settings: ReadonlyMap<string, string>;
  /** The text, comments and all. */
  coreConfig: { text: string; from: string } | undefined;
  /** Those of the operator that are there, by their names in the folder. */
  templates: { folder: string; files: string[] } | undefined;
  /** What to look after by hand, in sentences. */
  warnings: string[];
}

/**
 * Reads what is beside a Marzban's database. What is named on the command line has to be there; what only the `.env`
 * names may be elsewhere, and is told.
 * @throws ImportRefused
 */
export async function readSourceFiles(paths: SourcePaths): Promise<SourceFiles> {
  const warnings: string[] = [];
  const settings = await readSettings(paths.env, warnings);
  // Marzban runs in the folder of its .env.
  const base = paths.env === undefined ? process.cwd() : dirname(resolve(paths.env));
  const coreConfig = await readCoreConfig(
    paths.coreConfig,
    settings,
    base,
    paths.env !== undefined,
    warnings,
  );
  const templates = await findTemplates(paths.templates, settings, base, warnings);
  if (coreConfig) {
    const assets = settings.get('XRAY_ASSETS_PATH') || paths.assets;
    warnings.push(...(await missingFiles(coreConfig.text, assets)));
  }
  return { settings, coreConfig, templates, warnings };
}

async function readSettings(
  file: string | undefined,
  warnings: string[],
): Promise<ReadonlyMap<string, string>> {
  if (file === undefined) return new Map();
  const { values, strangeLines } = parseEnvFile(await readText(file, '--env'));
  if (strangeLines.length > 0) {
    warnings.push(
      `Lines of ${file} are no settings, and Marzban does not read them: ${strangeLines.join(', ')}.`,
    );
  }
  return values;
}

/** The file that the panel uses, or the JSON in its setting. */
async function readCoreConfig(
  file: string | undefined,
  settings: ReadonlyMap<string, string>,
  base: string,
  hasSettings: boolean,
  warnings: string[],
): Promise<SourceFiles['coreConfig']> {
  if (file !== undefined) return { text: await readText(file, '--core-config'), from: file };
  const setting = settings.get('XRAY_JSON');
  if (setting !== undefined && isJson(setting)) return { text: setting, from: 'XRAY_JSON' };
  if (!hasSettings) {
    warnings.push('No core config is imported: name that of Marzban by --core-config, or its .env by --env.');
    return undefined;
  }
  const named = resolve(base, setting || 'xray_config.json');
  try {
    return { text: await readFile(named, 'utf8'), from: named };
  } catch (error) {
    warnings.push(
      `No core config is imported: ${named}, which XRAY_JSON names, cannot be read here (${systemReason(error)}). Name it by --core-config.`,
    );
    return undefined;
  }
}

async function findTemplates(
  option: string | undefined,
  settings: ReadonlyMap<string, string>,
  base: string,
  warnings: string[],
): Promise<SourceFiles['templates']> {
  const setting = settings.get('CUSTOM_TEMPLATES_DIRECTORY');
  const given = option ?? setting;
  if (!given) return undefined;
  const folder = resolve(option === undefined ? base : '.', given);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    if (option !== undefined) throw new ImportRefused(`--templates: ${folder} is no folder.`);
    warnings.push(
      `The folder ${folder} of CUSTOM_TEMPLATES_DIRECTORY is not here: copy it, or every client gets the built-in templates.`,
    );
    return undefined;
  }
  const files: string[] = [];
  for (const name of Object.values(TEMPLATE_SETTINGS)) {
    const file = settings.get(name) || SETTINGS[name].byDefault;
    const path = join(folder, file);
    if (await isFile(path)) files.push(file);
    else if (settings.get(name)) warnings.push(`${name} names ${file}, which is not in ${folder}.`);
  }
  if (files.length === 0) warnings.push(`None of the templates that Marzban uses is in ${folder}.`);
  return { folder, files };
}

/** Files that the core config needs and that are not on this machine, in sentences. */
async function missingFiles(text: string, assets: string | undefined): Promise<string[]> {
  const { files, assets: names } = namedFiles(text);
  const missing: string[] = [];
  for (const file of files) {
    if (!(await isFile(file)))
      missing.push(`The core config names ${file}, which is not on this machine: copy it there.`);
  }
  for (const name of assets ? names : []) {
    const path = join(assets!, name);
    if (!(await isFile(path))) missing.push(`The core config needs ${name}, and ${path} is not there.`);
  }
  return missing;
}

async function readText(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ImportRefused(`${option}: ${file} cannot be read (${readingReason(error)}).`, { cause: error });
  }
}

function readingReason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'EISDIR' ? 'it is a folder' : systemReason(error);
}

async function isFile(path: string): Promise<boolean> {
  const found: Stats | undefined = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}

function isJson(setting: string): boolean {
  return /^\s*(?:\{|#|\/\/|\/\*)/.test(setting);
}
