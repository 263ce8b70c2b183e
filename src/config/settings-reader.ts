/** Where settings come from: names to texts. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TRUE = ['y', 'yes', 't', 'true', 'on', '1'];
const FALSE = ['n', 'no', 'f', 'false', 'off', '0', ''];

/**
 * Reads settings one by one and collects what is wrong with them, so that all can be reported at once. After a
 * problem the value returned is the default: the caller asks for `problems` before using any.
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

  /** The first of `names` that is set. */
  text(names: string | string[], byDefault = ''): string {
    return this.find(names)?.value ?? byDefault;
  }

  /** As text, but undefined when not set or empty. */
  optional(names: string | string[]): string | undefined {
    return this.find(names)?.value || undefined;
  }

  /** A text that may also be given as the path of a file, in `<name>_FILE`; an end of line there does not count. */
  secret(name: string): string | undefined {
    const file = this.environment[`${name}_FILE`];
    if (!file) return this.optional(name);
    if (this.environment[name]) this.problem(name, `is set, and so is ${name}_FILE; keep one of them`);
    try {
      return this.readFile(file).replace(/\r?\n$/, '') || undefined;
    } catch (error) {
      this.problem(
        `${name}_FILE`,
        `cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'no text'})`,
      );
      return undefined;
    }
  }

  boolean(name: string, byDefault: boolean): boolean {
    const value = this.environment[name]?.trim().toLowerCase();
    if (value === undefined) return byDefault;
    if (TRUE.includes(value)) return true;
    if (!FALSE.includes(value)) this.problem(name, `must be true or false, not ${JSON.stringify(value)}`);
    return false;
  }

  integer(names: string | string[], byDefault: number, bounds: { min?: number; max?: number } = {}): number {
    const found = this.find(names);
    const text = found?.value.trim();
    if (!found || !text) return byDefault;
    const { min = -2_147_483_648, max = 2_147_483_647 } = bounds;
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const range =
      bounds.max === undefined
        ? bounds.min === undefined
          ? 'a whole number'
          : `a whole number, at least ${min}`
        : `a whole number from ${min} to ${max}`;
    this.problem(found.name, `must be ${range}, not ${JSON.stringify(text)}`);
    return byDefault;
  }

  oneOf<const T extends string>(name: string, values: readonly T[], byDefault: T): T {
    const text = this.environment[name]?.trim().toLowerCase();
    if (!text) return byDefault;
    const value = values.find((candidate) => candidate === text);
    if (value === undefined)
      this.problem(name, `must be ${values.join(' or ')}, not ${JSON.stringify(text)}`);
    return value ?? byDefault;
  }

  /** Items between commas, trimmed; empty ones do not count. */
  list(name: string, byDefault: string[], isItem: (item: string) => boolean, expected: string): string[] {
    const text = this.environment[name];
    if (text === undefined) return byDefault;
    const items = text.split(',').map((item) => item.trim());
    const present = items.filter((item) => item !== '');
    for (const item of present) {
      if (!isItem(item)) this.problem(name, `must be a list of ${expected}; ${JSON.stringify(item)} is not`);
    }
    return present;
  }

  /** Items between blanks, or a JSON array of texts where items hold blanks. */
  tags(name: string): string[] {
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

  problem(name: string, text: string): void {
    this.problems.push(`${name} ${text}`);
  }

  /** The first of `names` that is set and not empty, else the first that is set. */
  private find(names: string | string[]): { name: string; value: string } | undefined {
    const set = [names].flat().flatMap((name) => {
      const value = this.environment[name];
      return value === undefined ? [] : [{ name, value }];
    });
    return set.find(({ value }) => value !== '') ?? set[0];
  }
}
