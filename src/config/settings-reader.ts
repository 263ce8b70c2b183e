import { type NameOf, SETTINGS } from './settings/index.js';
import type { Setting } from './settings/setting.js';

/** Where settings come from: names to texts. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TRUE = ['y', 'yes', 't', 'true', 'on', '1'];
const FALSE = ['n', 'no', 'f', 'false', 'off', '0', ''];

type ChoiceOf<Name extends NameOf<{ kind: 'choice' }>> = (typeof SETTINGS)[Name]['values'][number];

/**
 * Reads settings one by one, by their definitions, and collects what is wrong with them, so that all can be reported at
 * once. After a problem the value returned is the default: the caller asks for `problems` before using any.
 * Source of the rules for booleans, numbers and lists: Marzban's settings (python-decouple), except that an empty
 * number counts as not set.
 */
export class SettingsReader {
  readonly problems: string[] = [];

  constructor(
    private readonly environment: Environment,
    /** The text of a file. Throws when it cannot be read. */
    private readonly readFile: (path: string) => string,
  ) {}

  /** Set to nothing it is nothing, not the default. */
  text(name: NameOf<{ kind: 'text'; secret?: never }>): string {
    return this.find(name)?.value ?? definitionOf(name).byDefault ?? '';
  }

  /** As text, but undefined when not set or empty. */
  optional(name: NameOf<{ kind: 'text'; secret?: never }>): string | undefined {
    return this.find(name)?.value || undefined;
  }

  /** A text that may also be given as the path of a file, in `<name>_FILE`; an end of line there does not count. */
  secret(name: NameOf<{ secret: true }>): string | undefined {
    const file = this.environment[`${name}_FILE`];
    if (!file) return this.environment[name] || undefined;
    if (this.environment[name]) this.problem(name, `is set, and so is ${name}_FILE; keep one of them`);
    try {
      return this.readFile(file).replace(/\r?\n$/, '') || undefined;
    } catch (error) {
      this.problems.push(
        `${name}_FILE cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'no text'})`,
      );
      return undefined;
    }
  }

  boolean(name: NameOf<{ kind: 'boolean' }>): boolean {
    const value = this.environment[name]?.trim().toLowerCase() ?? SETTINGS[name].byDefault;
    if (TRUE.includes(value)) return true;
    if (!FALSE.includes(value)) this.problem(name, `must be true or false, not ${JSON.stringify(value)}`);
    return false;
  }

  integer(name: NameOf<{ kind: 'integer' }>): number {
    const { byDefault, from, to } = definitionOf(name);
    const found = this.find(name);
    const text = found?.value.trim();
    if (!found || !text) return Number(byDefault);
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= (from ?? -2_147_483_648) && value <= (to ?? 2_147_483_647)) return value;
    const range =
      from === undefined
        ? `a whole number${to === undefined ? '' : ` up to ${to}`}`
        : `a whole number from ${from} to ${to}`;
    this.problems.push(`${found.name} must be ${range}, not ${JSON.stringify(text)}`);
    return Number(byDefault);
  }

  oneOf<Name extends NameOf<{ kind: 'choice' }>>(name: Name): ChoiceOf<Name> {
    const { values, byDefault } = SETTINGS[name];
    const text = this.environment[name]?.trim().toLowerCase() || byDefault;
    const value = values.find((candidate) => candidate === text);
    if (value === undefined)
      this.problem(name, `must be ${values.join(' or ')}, not ${JSON.stringify(text)}`);
    return (value ?? byDefault) as ChoiceOf<Name>;
  }

  /** Items between commas, trimmed; empty ones do not count. Those of a secret list are not repeated when they are wrong. */
  list(
    name: NameOf<{ kind: 'list' }>,
    isItem: (item: string) => boolean = () => true,
    expected = 'texts',
  ): string[] {
    const { secret, byDefault = '' } = definitionOf(name);
    const text = secret ? this.secret(name as NameOf<{ secret: true }>) : this.environment[name];
    const items = (text ?? byDefault).split(',').map((item) => item.trim());
    const present = items.filter((item) => item !== '');
    for (const [index, item] of present.entries()) {
      const shown = secret ? `no. ${index + 1}` : JSON.stringify(item);
      if (!isItem(item)) this.problem(name, `must be a list of ${expected}; ${shown} is not`);
    }
    return present;
  }

  /** Items between blanks, or a JSON array of texts where items hold blanks. */
  tags(name: NameOf<{ kind: 'text'; secret?: never }>): string[] {
    const text = this.environment[name]?.trim() ?? '';
    if (!text.startsWith('[')) return text.split(/\s+/).filter((tag) => tag !== '');
    try {
      const tags: unknown = JSON.parse(text);
      if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
    } catch {
      // reported below
    }
    this.problem(name, 'must be names between blanks, or a JSON array of texts');
    return [];
  }

  problem(name: keyof typeof SETTINGS, text: string): void {
    this.problems.push(`${name} ${text}`);
  }

  /** The first of a setting's names that is set and not empty, else the first that is set. */
  private find(name: keyof typeof SETTINGS): { name: string; value: string } | undefined {
    const set = [name, ...(definitionOf(name).aliases ?? [])].flatMap((name) => {
      const value = this.environment[name];
      return value === undefined ? [] : [{ name, value }];
    });
    return set.find(({ value }) => value !== '') ?? set[0];
  }
}

const definitionOf = (name: keyof typeof SETTINGS): Setting => SETTINGS[name];
