import fc, { type Arbitrary } from 'fast-check';
import { stringify } from 'lossless-json';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiDocument, type Operation, operationsOf, type Parameter } from '../support/api-document.js';
import { type Reply, startApp, type TestClient } from '../support/app.js';
import { ArbitraryValues, changed } from '../support/arbitrary-values.js';
import { violations } from '../support/json-schema.js';
import { byField, type Fleet, type Issue, startFleet } from '../support/user-fleet.js';

/**
 * Every run tries the same requests, so that a commit passes or does not. To look for more:
 * `FUZZ_RUNS=2000 FUZZ_SEED=$RANDOM npx vitest run --config test/vitest.config.ts test/medium/fuzz.test.ts`
 */
const RUNS = Number(process.env.FUZZ_RUNS ?? 100);
const TIMEOUT_MS = 20_000 + RUNS * 200;
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** Rules the contract is silent about. What breaks none of its own can only be refused for one of these. */
const UNDOCUMENTED = new Set([
  'value_error',
  'greater_than',
  'greater_than_equal',
  'less_than_equal',
  'string_too_short',
  'string_too_long',
  'string_pattern_mismatch',
  'datetime_from_date_parsing',
]);

interface Attempt {
  /** What is filled into the path instead of the subject. */
  path: Record<string, string | undefined>;
  query: [string, string][];
  body: unknown;
}

const fleet: Fleet = await startFleet({ role: 'api' }); // nobody dials the nodes that are made up here
/** Another replica, which tells of issues in the other form. */
const replica = await startApp({ role: 'api', validationErrors: 'fields' }, fleet.connection);
const served = (await fleet.client().get('/openapi.json')).json as ApiDocument;
const operations = [...operationsOf(served)];
const values = new ArbitraryValues(served, {
  username: ['subject', 'reseller', 'root', 'nobody', 'user_1', 'user_2', 'user_3', 'user_4'],
  admin_username: ['reseller', 'nobody'],
  admin: ['root', 'reseller'],
  inbounds: ['VLESS_A', 'VLESS_B', 'SS'],
  proxies: ['vless', 'shadowsocks'],
  key: ['VLESS_A', 'VMESS', 'SS'],
  sort: ['-created_at', 'username,-expire', 'expire,', 'nothing'],
  start: ['2024-01-01T00:00:00', '2024-W01-1', '2024-01-01', '1e9'],
  end: ['2030-01-01', '2029-01-01T00:00:00+03:30', 'now'],
  client_type: ['v2ray', 'clash-meta', 'sing-box', 'v2ray-json', 'outline'],
  discord_webhook: ['https://discord.com/api/webhooks/1/x'],
  fragment_setting: ['10-100,100-200,tlshello'],
  noise_setting: ['rand:10-20,100-200'],
});

/** What the paths are about: it is there at the start of each test, and the samples name it. */
let subject: Record<string, string>;

beforeEach(async () => {
  const facts = { proxies: { vless: {}, shadowsocks: {} }, next_plan: { data_limit: 1_000_000 } };
  await fleet.sudo.post('/api/user', { username: 'subject', ...facts });
  await fleet.sudo.post('/api/admin', { username: 'subject', password: 'x', is_sudo: false });
  await fleet.sudo.post('/api/user_template', { name: 'subject' });
  const user = (await fleet.sudo.get('/api/user/subject')).json as { subscription_url: string };
  const [template] = (await fleet.sudo.get('/api/user_template?limit=1')).json as { id: number }[];
  await fleet.sudo.post('/api/node', { name: 'subject', address: '192.0.2.1' });
  const [node] = (await fleet.sudo.get('/api/nodes')).json as { id: number }[];
  subject = {
    username: 'subject',
    client_type: 'v2ray',
    node_id: String(node!.id),
    template_id: String(template!.id),
    id: '1', // of a delivery: nobody is told of anything here
    token: user.subscription_url.split('/').at(-1)!,
  };
});
afterAll(async () => {
  await replica.close();
  await fleet.close();
});

describe('the service', { timeout: TIMEOUT_MS }, () => {
  it.each(operations)('takes what the document allows of %s, and answers as it says', (name, operation) => {
    const { parameters = [] } = operation;
    const attempts = fc.record({
      path: paths(parameters),
      query: queries(parameters),
      body: bodies(operation),
    });
    const runs = parameters.length === 0 && !operation.requestBody ? 1 : RUNS;
    return tryAll(
      attempts,
      async (attempt) => {
        const reply = await send(name, operation, attempt);
        expect(answerFaults(operation, reply)).toEqual([]);
        for (const { type, loc } of issuesOf(reply)) {
          const isOpen = loc[1] === 'proxies'; // the document does not say which settings a protocol has
          if (!isOpen && !isNameOfTemplate(name, loc)) expect(UNDOCUMENTED).toContain(type);
        }
      },
      runs,
    );
  });

  const withFaults = operations.filter(([, operation]) => faultyAttempts(operation).length > 0);
  it.each(withFaults)('names the field that is wrong for %s', (name, operation) =>
    tryAll(fc.oneof(...faultyAttempts(operation)), async ({ attempt, at }) => {
      const reply = await send(name, operation, attempt);
      expect(answerFaults(operation, reply)).toEqual([]);
      expect([reply.status, reply.text]).toEqual([422, reply.text]);
      const issues = issuesOf(reply);
      expect(issues.filter(({ loc }) => isAbout(loc, at))).not.toEqual([]);
      const inOtherForm = await send(name, operation, attempt, replica.sudo);
      expect([inOtherForm.status, inOtherForm.json]).toEqual([422, { detail: byField(issues) }]);
    }),
  );

  const withBody = operations.filter(([, { requestBody }]) => requestBody);
  it.each(withBody)('survives any JSON for %s', (name, operation) =>
    tryAll(fc.jsonValue({ maxDepth: 4 }), async (body) => {
      const reply = await send(name, operation, { ...NOTHING, body });
      expect(answerFaults(operation, reply)).toEqual([]);
    }),
  );

  it('survives any change of a core config, and goes on with all it accepts', async () => {
    const [name, operation] = operations.find(([, { operationId }]) => operationId === 'modify_core_config')!;
    const config = (await fleet.sudo.get('/api/core/config')).json as unknown;
    await tryAll(changed(config), async (body) => {
      const reply = await send(name, operation, { ...NOTHING, body });
      expect(answerFaults(operation, reply)).toEqual([]);
      if (reply.status === 200) await expectReadable();
    });
    expect((await fleet.sudo.put('/api/core/config', config)).status).toBe(200);
  });

  it('can read everything it accepted', expectReadable);
});

async function expectReadable(): Promise<void> {
  const paths = ['users', 'admins', 'inbounds', 'hosts', 'user_template', 'nodes', 'core/config'];
  const replies = await Promise.all(paths.map((path) => fleet.sudo.get(`/api/${path}`)));
  expect(replies.map(({ status }, index) => [paths[index], status])).toEqual(
    paths.map((path) => [path, 200]),
  );
}

function tryAll<T>(
  arbitrary: Arbitrary<T>,
  check: (value: T) => Promise<void>,
  numRuns = RUNS,
): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, check), { numRuns, seed: SEED });
}

// Requests ------------------------------------------------------------------------------------------------------------

async function send(
  name: string,
  operation: Operation,
  { path, query, body }: Attempt,
  client: TestClient = fleet.sudo,
): Promise<Reply> {
  const [method, template] = name.split(' ') as [string, string];
  const url = template.replace(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(path[key] ?? subject[key]!),
  );
  const search = query.length > 0 ? `?${new URLSearchParams(query)}` : '';
  const call = client[method.toLowerCase() as keyof TestClient];
  return call(url + search, body === undefined ? undefined : encoded(operation, body));
}

function encoded(operation: Operation, body: unknown): string | URLSearchParams {
  if (!isForm(operation)) return stringify(body) ?? 'null';
  const fields = Object.entries(body ?? {}).filter(([, value]) => value !== null);
  return new URLSearchParams(fields.map(([key, value]) => [key, String(value)]));
}

function isForm({ requestBody }: Operation): boolean {
  return requestBody !== undefined && !('application/json' in requestBody.content);
}

function bodies({ requestBody }: Operation): Arbitrary<unknown> {
  const [content] = Object.values(requestBody?.content ?? {});
  return content ? values.valid(content.schema) : fc.constant(undefined);
}

/** Nothing, which means the subject, or now and then anything else. */
function paths(parameters: readonly Parameter[]): Arbitrary<Attempt['path']> {
  const parts = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, schema }) => {
      const other = values.valid(schema, name).map(String).filter(isSegment);
      return [name, fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, other)] as const;
    });
  return fc.record(Object.fromEntries(parts));
}

/** Whether it reaches the server as it is. */
function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && text.length < 4000 && !/\p{Surrogate}/u.test(text);
}

function queries(parameters: readonly Parameter[]): Arbitrary<[string, string][]> {
  const parts = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, required, schema }) => {
      const some = values.valid(schema, name).map((value) => asQuery(name, value));
      return required ? some : fc.oneof(some, fc.constant<[string, string][]>([]));
    });
  return fc.tuple(...parts).map((entries) => entries.flat());
}

/** Null is not there, a list is repeated. */
function asQuery(name: string, value: unknown): [string, string][] {
  return [value].flat().flatMap((part) => (part === null ? [] : [[name, String(part)]]));
}

// Faults --------------------------------------------------------------------------------------------------------------

interface FaultyAttempt {
  attempt: Attempt;
  at: (string | number)[];
}

const NOTHING: Attempt = { path: {}, query: [], body: undefined };

function faultyAttempts(operation: Operation): Arbitrary<FaultyAttempt>[] {
  return [...faultyPlaces(operation)];
}

function* faultyPlaces(operation: Operation): Generator<Arbitrary<FaultyAttempt>> {
  const body =
    operation.requestBody &&
    !isForm(operation) &&
    values.faulty(operation.requestBody.content['application/json']!.schema);
  if (body) {
    yield body.map(({ value, path }) => ({ attempt: { ...NOTHING, body: value }, at: ['body', ...path] }));
  }
  for (const { name, in: place, required, schema } of operation.parameters ?? []) {
    for (const text of values.wrongTexts(schema)) {
      if (place === 'query')
        yield fc.constant({ attempt: { ...NOTHING, query: [[name, text]] }, at: ['query', name] });
      if (place === 'path')
        yield fc.constant({ attempt: { ...NOTHING, path: { [name]: text } }, at: ['path', name] });
    }
    if (required && place === 'query') yield fc.constant({ attempt: NOTHING, at: ['query', name] });
  }
}

// Answers -------------------------------------------------------------------------------------------------------------

/** What is wrong with an answer whatever was asked. */
function answerFaults({ responses }: Operation, { status, headers, text, json }: Reply): string[] {
  if (status >= 500) return [`${status} ${text}`];
  const documented = responses[status];
  if (!documented) return [`The status ${status} is not documented: ${text}`];
  const schema = documented.content?.[headers.get('content-type')?.split(';')[0] ?? '']?.schema;
  if (!schema) return [`There is no such answer with ${status}: ${headers.get('content-type')} ${text}`];
  return violations(served, schema, json ?? text);
}

function issuesOf({ status, json }: Reply): Issue[] {
  return status === 422 ? (json.detail as Issue[]) : [];
}

/** Whether the issue's place is the fault's, lies within it, or holds it; the whole body is no place. */
function isAbout(loc: Issue['loc'], at: Issue['loc']): boolean {
  const shared = Math.min(loc.length, at.length);
  return (
    shared >= Math.min(2, at.length) && loc.slice(0, shared).join('\n') === at.slice(0, shared).join('\n')
  );
}

/** The contract lets templates have no name, and the service cannot. */
function isNameOfTemplate(operation: string, loc: Issue['loc']): boolean {
  return operation === 'POST /api/user_template' && loc[1] === 'name';
}
