import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

interface Schema {
  $ref?: string;
  type?: string;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  enum?: unknown[];
  required?: string[];
  format?: string;
}

interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** JSON texts, since some of them no value of JavaScript makes. */
const NONSENSE = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e400',
  '2147483648',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775809',
  '1e30',
  '""',
  '" "',
  '"x"',
  '"\\u0000"',
  '"a\\ud800"',
  '"\\u202e🚀مرحبا"',
  `"${'x'.repeat(100_000)}"`,
  '"{0} {USERNAME"',
  '"9999-12-31T23:59:59-23:59"',
  '253402300800',
  '[]',
  '[null]',
  '[[[[]]]]',
  '{}',
  '{"x":{"y":[1]}}',
  '{"__proto__":{"a":1}}',
  '{"constructor":null,"vless":null}',
  '{"vless":{"id":5},"vmess":[]}',
];

const PATH_NONSENSE = [
  'x',
  '-1',
  '0',
  '2147483648',
  '-2147483649',
  '9223372036854775808',
  'a%00b',
  '%2e%2e',
  '%F0%9F%9A%80',
  'a'.repeat(5000),
  '%zz',
  '%ff',
];

// Every operation of the API document, with every kind of nonsense in every place.
it('nonsense gets a clear answer everywhere, never a 500', { timeout: 120_000 }, async () => {
  const { paths, components } = (await app.client().get('/openapi.json')).json as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  };
  const resolve = (schema: Schema): Schema =>
    schema.$ref
      ? resolve(components.schemas[schema.$ref.split('/').at(-1)!]!)
      : schema.anyOf
        ? resolve(schema.anyOf[0]!)
        : schema;

  /** Something valid, as JSON text. */
  const valid = (schema: Schema): string => {
    const { type, enum: values, properties = {}, required = [], format } = resolve(schema);
    if (values) return JSON.stringify(values.at(-1));
    if (type === 'integer' || type === 'number') return '1';
    if (type === 'boolean') return 'false';
    if (type === 'string') return format === 'date-time' ? '"2030-01-01T00:00:00"' : '"valid"';
    if (type === 'array') return '[]';
    return objectText(required.map((name) => [name, valid(properties[name]!)]));
  };

  /** The valid body with nonsense in one place, at each depth. */
  function* bodies(schema: Schema): Generator<string> {
    yield* NONSENSE;
    const { type, properties = {}, items, additionalProperties } = resolve(schema);
    const base = new Map((resolve(schema).required ?? []).map((name) => [name, valid(properties[name]!)]));
    for (const [name, property] of Object.entries(properties)) {
      for (const nonsense of bodies(property)) yield objectText([...new Map(base).set(name, nonsense)]);
    }
    if (items) for (const nonsense of bodies(items)) yield `[${nonsense}]`;
    if (type === 'object' && typeof additionalProperties === 'object') {
      for (const key of ['vless', 'VLESS TCP REALITY', 'x']) {
        for (const nonsense of bodies(additionalProperties)) yield objectText([[key, nonsense]]);
      }
    }
  }

  const faults: string[] = [];
  const check = async (method: string, path: string, body?: string) => {
    const reply = await (method === 'get'
      ? app.sudo.get(path)
      : app.sudo[method as 'post' | 'put' | 'delete'](path, body));
    const understood =
      reply.status < 400 || typeof (reply.json as { detail?: unknown } | undefined)?.detail !== 'undefined';
    if (reply.status >= 500 || !understood) {
      faults.push(`${reply.status} ${method} ${path.slice(0, 100)} ${body?.slice(0, 200) ?? ''}`);
    }
  };

  for (const [template, operations] of Object.entries(paths)) {
    for (const [method, { parameters = [], requestBody }] of Object.entries(operations)) {
      // Restarts and resets of everything are no matter of input.
      if (template.endsWith('/restart')) continue;
      // Whatever an earlier operation did to what the path names.
      await app.sudo.post('/api/admin', { username: 'valid', password: 'x', is_sudo: false });
      await app.sudo.post('/api/user', { username: 'valid', proxies: { vless: {}, shadowsocks: {} } });
      const path = template.replace(/\{.*?\}/g, 'valid');
      const inPath = /\{.*?\}/.exec(template)?.[0];
      if (inPath) for (const name of PATH_NONSENSE) await check(method, template.replace(inPath, name));
      for (const { name, in: place } of parameters) {
        if (place !== 'query') continue;
        for (const value of NONSENSE) {
          const text = value.startsWith('"')
            ? (JSON.parse(value) as string).replace(/\p{Surrogate}/gu, '?')
            : value;
          if (text.length < 5000) await check(method, `${path}?${name}=${encodeURIComponent(text)}`);
        }
      }
      const schema = requestBody?.content['application/json']?.schema;
      if (schema) for (const body of bodies(schema)) await check(method, path, body);
    }
  }
  expect(faults).toEqual([]);

  // Nothing that was accepted on the way makes what is stored unreadable.
  for (const path of ['/api/users', '/api/admins', '/api/hosts', '/api/inbounds', '/api/core/config']) {
    expect([path, (await app.sudo.get(path)).status]).toEqual([path, 200]);
  }
});

function objectText(entries: [string, string][]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}
