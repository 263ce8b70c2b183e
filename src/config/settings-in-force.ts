import { SECTIONS } from './settings/index.js';
import type { Setting } from './settings/setting.js';
import type { Environment } from './settings-reader.js';

/** Where settings come from: the process's own environment wins over `.env`. */
export interface Sources {
  environment: Environment;
  dotenv: Environment;
}

/** What counts for one setting, as texts, and where it is said. */
export interface SettingInForce {
  section: string;
  name: string;
  /** What is secret is only said to be there; null where there is nothing. */
  value: string | null;
  isSecret: boolean;
  /** `default`, `environment`, `.env` or `file <path>`; with the name that counts where that is an alias. */
  source: string;
}

const HIDDEN = '(hidden)';

/** All settings in the order of the documents. Whether they are right is for `readConfig` to say. */
export function settingsInForce(sources: Sources): SettingInForce[] {
  return SECTIONS.flatMap(([section, settings]) =>
    Object.entries(settings).map(([name, setting]) => {
      const { value, source } = find(name, setting, sources);
      return { section, name, value, isSecret: setting.secret === true, source };
    }),
  );
}

function find(
  name: string,
  setting: Setting,
  { environment, dotenv }: Sources,
): Pick<SettingInForce, 'value' | 'source'> {
  const all = { ...dotenv, ...environment };
  const from = (set: string) => (environment[set] === undefined ? '.env' : 'environment');
  const file = setting.secret ? all[`${name}_FILE`] : undefined;
  if (file) return { value: HIDDEN, source: `file ${file} (${from(`${name}_FILE`)})` };
  const names = [name, ...(setting.aliases ?? [])].filter((known) => all[known] !== undefined);
  const set = names.find((known) => all[known] !== '') ?? names[0];
  const text = set === undefined ? undefined : all[set]!;
  if (set === undefined || text === undefined || (text === '' && setting.kind !== 'text')) {
    return { value: setting.byDefault ?? null, source: 'default' };
  }
  return {
    value: text === '' ? null : setting.secret ? HIDDEN : withoutSecrets(text),
    source: set === name ? from(set) : `${from(set)} (${set})`,
  };
}

/** A core config, links, and the user part of an address hold credentials, though the setting is none. */
function withoutSecrets(text: string): string {
  if (/\{\s*["'/]/.test(text)) return `(JSON text of ${text.length} characters)`;
  return text
    .replace(/\b(vmess|ss):\/\/\S+/gi, '$1://…')
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1…@');
}
