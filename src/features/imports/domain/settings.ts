import type { Setting, Settings } from '../../../config/settings/setting.js';
import { envLine } from './env-file.js';

/** What this service knows of settings. */
export interface KnownSettings {
  all: Settings;
  /** Those of Marzban's that mean nothing here, and why. */
  dropped: Readonly<Record<string, string>>;
  /** Of the database, which is another here. */
  database: Settings;
}

export interface CarriedSettings {
  /** What makes this service go on as that Marzban did, for its `.env`. Holds secrets. */
  env: string;
  /** As they stand in that text. */
  values: Readonly<Record<string, string>>;
  /** Those that are not carried, each with its reason. */
  withoutEffect: { name: string; why: string }[];
}

/** Of Marzban's own answers; its bots know this form. */
const FIELDS = { VALIDATION_ERRORS: 'fields' };
const TRUE = new Set(['y', 'yes', 't', 'true', 'on', '1']);

/** What of a Marzban's settings has to be said here: what differs from the defaults of this service. */
export function carrySettings(marzban: ReadonlyMap<string, string>, known: KnownSettings): CarriedSettings {
  const values: Record<string, string> = { ...FIELDS };
  const withoutEffect: CarriedSettings['withoutEffect'] = [];
  const leave = (name: string, why: string) => withoutEffect.push({ name, why });
  const namesOf = namesByAnyName(known.all);

  for (const given of marzban.keys()) {
    const name = namesOf.get(given);
    if (name === 'XRAY_JSON') {
      leave(given, 'the core config is imported, and lives in the database');
    } else if (name !== undefined && name in known.database) {
      leave(given, 'the database is another one here, with settings of its own');
    } else if (name !== undefined) {
      const setting = known.all[name]!;
      const value = valueOf(name, setting, marzban);
      if (isNews(setting, value)) values[name] = value;
    } else {
      leave(given, known.dropped[given] ?? 'it is no setting of this service');
    }
  }
  return { ...written(values, leave), withoutEffect };
}

/** Of a setting's names the first that is set and not empty counts. */
function valueOf(name: string, setting: Setting, marzban: ReadonlyMap<string, string>): string {
  const set = [name, ...(setting.aliases ?? [])].flatMap((each) => marzban.get(each) ?? []);
  return set.find((value) => value !== '') ?? set[0] ?? '';
}

function isNews(setting: Setting, value: string): boolean {
  if (setting.kind === 'integer' && value.trim() === '') return false;
  return meaning(setting, value) !== meaning(setting, setting.byDefault ?? '');
}

/** Two texts of a setting mean the same when these agree. */
function meaning({ kind }: Setting, value: string): string {
  switch (kind) {
    case 'boolean':
      return String(TRUE.has(value.trim().toLowerCase()));
    case 'integer':
      return String(Number(value));
    case 'choice':
      return value.trim().toLowerCase();
    case 'list':
      return value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
        .join();
    case 'text':
      return value;
  }
}

function written(
  values: Readonly<Record<string, string>>,
  leave: (name: string, why: string) => void,
): Pick<CarriedSettings, 'env' | 'values'> {
  const lines: [string, string, string][] = [];
  for (const [name, value] of Object.entries(values)) {
    const line = envLine(name, value);
    if (line === undefined) leave(name, 'it cannot be written in a .env: set it in the environment');
    else lines.push([name, value, line]);
  }
  return {
    env: lines.map(([, , line]) => `${line}\n`).join(''),
    values: Object.fromEntries(lines),
  };
}

function namesByAnyName(settings: Settings): Map<string, string> {
  return new Map(
    Object.entries(settings).flatMap(([name, { aliases = [] }]) =>
      [name, ...aliases].map((each) => [each, name] as const),
    ),
  );
}
