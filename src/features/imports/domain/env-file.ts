const DOUBLE_ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** A name, with or without a value; a quoted value may have several lines. */
const ENTRY =
  /[^\S\r\n]*(?:export[^\S\r\n]+)?(?:'([^'\r\n]+)'|([^=#\s]+))[^\S\r\n]*(?:=[^\S\r\n]*(?:'((?:\\'|[^'])*)'|"((?:\\"|[^"])*)"|(?!['"])([^\r\n]*)))?(?:[^\S\r\n]*#[^\r\n]*)?[^\S\r\n]*(?:\r\n|\n|\r|$)/y;
const BLANK_OR_COMMENT = /[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)/y;
const REST_OF_LINE = /[^\r\n]*(?:\r\n|\n|\r|$)/y;

export interface EnvFile {
  values: ReadonlyMap<string, string>;
  /** Lines that are no settings, from 1. */
  strangeLines: number[];
}

/**
 * A `.env` as Marzban reads it. Names without a value do not count, and of several of one name the last does.
 * `${OTHER}` and `${OTHER:-default}` stand for values of the same file, whatever the quotes.
 * Source: python-dotenv, whose result python-decouple then finds in the environment.
 */
export function parseEnvFile(text: string): EnvFile {
  const values = new Map<string, string>();
  const strangeLines: number[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (next(BLANK_OR_COMMENT)) continue;
    const start = at;
    const entry = next(ENTRY);
    if (!entry) {
      strangeLines.push(text.slice(0, start).split(/\r\n|\n|\r/).length);
      next(REST_OF_LINE);
      continue;
    }
    const [, quotedName, name = quotedName!, single, double, bare] = entry;
    const value =
      single?.replaceAll(/\\([\\'])/g, '$1') ??
      double?.replaceAll(/\\([\\'"abfnrtv])/g, (_, letter: string) => DOUBLE_ESCAPES[letter] ?? letter) ??
      bare?.replace(/(?:^|\s+)#.*/, '').trimEnd();
    if (value !== undefined) values.set(name, expanded(value, values));
  }
  return { values, strangeLines };
}

function expanded(value: string, values: ReadonlyMap<string, string>): string {
  return value.replaceAll(
    /\$\{([^}:]*)(?::-([^}]*))?\}/g,
    (_, name: string, byDefault: string | undefined) => values.get(name) ?? byDefault ?? '',
  );
}

/**
 * A line of a `.env` that Node.js reads as this value; undefined when there is no way to write it: one that has all three
 * kinds of quotes and needs some.
 */
export function envLine(name: string, value: string): string | undefined {
  if (/^[\w./:@,+*%=~-]*$/.test(value)) return `${name}=${value}`;
  // Between double quotes \n would be an end of line.
  const quote = ["'", '"', '`'].find(
    (mark) => !value.includes(mark) && !(mark === '"' && value.includes('\\n')),
  );
  return quote === undefined || value.includes('\r') ? undefined : `${name}=${quote}${value}${quote}`;
}
