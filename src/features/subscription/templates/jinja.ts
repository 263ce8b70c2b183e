import { Environment } from 'minijinja-js';
import { readableSize, writeYaml } from '../../../client-configs/index.js';
import type { JsonObject, JsonValue } from '../../../xray/config/index.js';

/** Far more than a config of thousands of entries takes, and an endless loop ends within seconds. */
const FUEL = 50_000_000;

/**
 * Jinja as Marzban's operators know it: its filters and `now()`, no automatic escaping. Sources by name, so that one
 * may include another. Python's enumerations have a `value`, our texts are it.
 * Source: Marzban `app/templates/`; the engine lacks Python's `%` and `str.format`.
 */
export class Jinja {
  private readonly environment = new Environment();

  private readonly sources: ReadonlyMap<string, string>;

  constructor(sources: ReadonlyMap<string, string>) {
    this.sources = new Map([...sources].map(([name, source]) => [name, withoutEnumerations(source)]));
    const { environment } = this;
    environment.enablePyCompat();
    environment.fuel = FUEL;
    environment.addGlobal('now', () => ({ timestamp: () => Date.now() / 1000 }));
    environment.addFilter('yaml', (value: unknown) => yaml(toJson(value)));
    environment.addFilter('except', (value: unknown, ...keys: string[]) =>
      pick(value, (key) => !keys.includes(key)),
    );
    environment.addFilter('only', (value: unknown, ...keys: string[]) =>
      pick(value, (key) => keys.includes(key)),
    );
    environment.addFilter('datetime', (value: unknown) =>
      instant(value).toISOString().slice(0, 19).replace('T', ' '),
    );
    environment.addFilter('bytesformat', (bytes: number) => readableSize(BigInt(Math.trunc(Number(bytes)))));
    // By the end of its name an included file would be escaped.
    for (const [name, source] of this.sources) {
      try {
        environment.addTemplate(name, `{% autoescape false %}${source}{% endautoescape %}`);
      } catch {
        // Said by whoever renders it; nobody may.
      }
    }
  }

  /** The text that the template makes of `context`. Throws what the engine says against it. */
  render(name: string, context: object = {}): string {
    return this.environment.renderStr(this.sources.get(name) ?? '', context);
  }
}

/** Whether a template went on until it was stopped: it would again. */
export function isExhaustion(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || /\bran out of fuel\b/.test(String(error));
}

/** What the `datetime` filter gets: `now()`, Unix seconds, or a time of the user, which has no zone and means UTC. */
function instant(value: unknown): Date {
  if (value instanceof Map) return new Date();
  if (typeof value !== 'string') return new Date(Number(value) * 1000);
  return new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`);
}

/** Only within Jinja's own brackets: around them may be scripts. */
function withoutEnumerations(source: string): string {
  return source.replace(/\{[{%].*?[%}]\}/gs, (code) =>
    code.replace(/\b(user\.(?:status|data_limit_reset_strategy))\.value\b/g, '$1'),
  );
}

/** Nothing for what is empty, so that a template can write it under a key. */
function yaml(value: JsonValue): string {
  const isEmpty = typeof value === 'object' ? Object.keys(value ?? {}).length === 0 : !value;
  return isEmpty ? '' : writeYaml(value, { sorted: true });
}

function pick(value: unknown, isWanted: (key: string) => boolean): JsonObject {
  const object = toJson(value);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return {};
  return Object.fromEntries(Object.entries(object).filter(([key]) => isWanted(key)));
}

/** The engine hands objects over as maps. */
function toJson(value: unknown): JsonValue {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, member]) => [String(key), toJson(member)]));
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]));
  }
  return (value ?? null) as JsonValue;
}
