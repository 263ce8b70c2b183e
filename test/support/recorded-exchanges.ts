import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'lossless-json';
import { byField, type Issue } from './user-fleet.js';

/** What the file README.md beside the recordings says. Numbers are kept as they are written. */
export interface RecordedExchange {
  as?: string;
  send: string;
  headers?: Record<string, string>;
  body?: unknown;
  raw?: string;
  base64?: string;
  status: number;
  header?: Record<string, string>;
  answer?: unknown;
  issues?: Issue[];
  text?: string;
  keep?: Record<string, string>;
}

const folder = new URL('../golden/exchanges/', import.meta.url);

export function recordedFiles(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== 'core-config.json')
    .map((name) => name.replace('.json', ''));
}

/** The core config of the installation that the exchanges were recorded on. */
export function recordedCoreConfig(): string {
  return readFileSync(new URL('core-config.json', folder), 'utf8');
}

export function recordedExchanges(name: string): RecordedExchange[] {
  const exchanges = parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as RecordedExchange[];
  return exchanges.map((exchange) => ({ ...exchange, status: Number(exchange.status) }));
}

/** What is different each time, by the word that stands for it. */
const CHANGING: Record<string, string> = {
  '"<time>"': String.raw`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?"`,
  '"<time or null>"': String.raw`("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?"|null)`,
  '"<text or null>"': String.raw`("[^"]*"|null)`,
  '"<uuid>"': String.raw`"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`,
  '"<secret>"': String.raw`"[\w-]{22}"`,
  '"<jwt>"': String.raw`"[\w-]+\.[\w-]+\.[\w-]+"`,
  '"<path>"': String.raw`"/sub/[\w-]+"`,
  '"<links>"': String.raw`\[("[^"]*",?)*\]`,
  '"<number>"': String.raw`\d+`,
  '"<certificate>"': String.raw`"-----BEGIN CERTIFICATE-----[^"]+-----END CERTIFICATE-----\\n"`,
};

/** The text of the body, as a pattern where it changes. Undefined if the recording leaves the body open. */
export function expectedBody(exchange: RecordedExchange, form: 'list' | 'fields'): RegExp | undefined {
  const { answer, issues, text } = exchange;
  if (text !== undefined) return exactly(text);
  if (answer !== undefined) return exactly(stringify(answer)!);
  if (issues === undefined) return undefined;
  return exactly(stringify({ detail: form === 'list' ? issues : byField(issues) })!);
}

function exactly(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const pattern = Object.entries(CHANGING).reduce(
    (soFar, [word, form]) => soFar.replaceAll(word, form),
    escaped,
  );
  return new RegExp(`^${pattern}$`);
}
