import {
  type ApiDocument,
  type Content,
  type Operation,
  operationsOf,
  type Parameter,
  referredName,
  type Schema,
} from '../support/api-document.js';

/**
 * Where the API that `served` describes departs from `contract`, one line each. It may have more than the contract:
 * operations, statuses, content types, headers, optional parameters, optional members of what is sent. Words, examples and order do not matter. Of
 * operations that `served` does not have only their absence is told, not that of the schemas they alone need.
 */
export function departures(contract: ApiDocument, served: ApiDocument): string[] {
  const offered = operationsOf(served);
  const found: string[] = [];
  const needed: Operation[] = [];
  for (const [name, operation] of operationsOf(contract)) {
    const other = offered.get(name);
    if (!other) {
      found.push(`${name}: is missing`);
      continue;
    }
    needed.push(operation);
    const expected = shapeOf(contract, operation);
    const actual = shapeOf(served, other);
    found.push(...differences(expected, withoutExtras(expected, actual), name));
  }
  const answered = reachableSchemas(
    contract,
    needed.map(({ requestBody: _, ...operation }) => operation),
  );
  for (const name of reachableSchemas(contract, needed)) {
    const schema = served.components.schemas[name];
    if (!schema) {
      found.push(`schema ${name}: is missing`);
      continue;
    }
    const expected = plain(contract.components.schemas[name]!);
    const actual = answered.has(name) ? plain(schema) : withoutOptions(expected, plain(schema));
    found.push(...differences(expected, actual, `schema ${name}`));
  }
  const { securitySchemes } = contract.components;
  return [...found, ...differences(securitySchemes, served.components.securitySchemes, 'security schemes')];
}

// An operation in a form that can be compared ------------------------------------------------------------------------

interface Shape {
  operationId: string | undefined;
  tags: string[];
  /** Alternatives; none means: public. */
  security: string[];
  parameters: Record<string, { required: boolean; schema: Schema }>;
  body: { required: boolean; content: Record<string, Schema> } | undefined;
  responses: Record<string, { content: Record<string, Schema>; headers: Record<string, Schema> }>;
}

function shapeOf(document: ApiDocument, operation: Operation): Shape {
  const { requestBody: body, parameters = [], responses } = operation;
  const security = operation.security ?? document.security ?? [];
  return {
    operationId: operation.operationId,
    tags: (operation.tags ?? []).toSorted(),
    security: security.map((requirement) => JSON.stringify(requirement)).toSorted(),
    parameters: Object.fromEntries(
      parameters.map(({ required, schema, ...parameter }) => [
        nameOf(parameter),
        { required: required ?? false, schema: plain(schema) },
      ]),
    ),
    body: body && { required: body.required ?? false, content: schemasIn(body.content) },
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, { content = {}, headers = {} }]) => [
        status,
        { content: schemasIn(content), headers: schemasIn(lowerCased(headers)) },
      ]),
    ),
  };
}

function nameOf({ name, in: place }: Pick<Parameter, 'name' | 'in'>): string {
  return `${place} ${place === 'header' ? name.toLowerCase() : name}`;
}

function schemasIn(content: Content): Record<string, Schema> {
  return mapValues(content, ({ schema }) => plain(schema));
}

function lowerCased<V>(map: Record<string, V>): Record<string, V> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name.toLowerCase(), value]));
}

/** The shape without what a client that knows only the contract would not notice. */
function withoutExtras(contract: Shape, shape: Shape): Shape {
  const unnoticed = Object.entries(shape.parameters).filter(
    ([name, { required }]) => !(name in contract.parameters) && !required,
  );
  return {
    ...shape,
    parameters: omit(
      shape.parameters,
      unnoticed.map(([name]) => name),
    ),
    body: shape.body && { ...shape.body, content: common(contract.body?.content ?? {}, shape.body.content) },
    responses: mapValues(common(contract.responses, shape.responses), ({ content, headers }, status) => ({
      // A body the contract leaves open may be described.
      content: mapValues(common(contract.responses[status]!.content, content), (schema, type) =>
        isOpen(contract.responses[status]!.content[type]!) ? {} : schema,
      ),
      headers: common(contract.responses[status]!.headers, headers),
    })),
  };
}

function isOpen(schema: Schema): boolean {
  return Object.keys(schema).length === 0;
}

// Schemas -------------------------------------------------------------------------------------------------------------

const WORDS = ['title', 'description', 'examples'];

/** The schema without words, and without what means the same as nothing; in one order. */
function plain(schema: Schema): Schema {
  const { anyOf, properties, required = [], items, additionalProperties, propertyNames, ...rest } = schema;
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !WORDS.includes(key)));
  return {
    ...own,
    ...(rest.enum && { enum: rest.enum.toSorted() }),
    ...(anyOf && { anyOf: anyOf.map(plain).toSorted((a, b) => (text(a) < text(b) ? -1 : 1)) }),
    ...(properties && Object.keys(properties).length > 0 && { properties: mapValues(properties, plain) }),
    ...(required.length > 0 && { required: required.toSorted() }),
    ...(items && { items: plain(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: plain(additionalProperties) }),
    ...(additionalProperties === false && { additionalProperties }),
    ...(propertyNames && { propertyNames: plain(propertyNames) }),
  };
}

/** The schema of something sent, without what may be sent beyond what is `expected`, and need not be. */
function withoutOptions(expected: Schema, schema: Schema): Schema {
  const { properties, required = [] } = schema;
  if (!properties) return schema;
  const kept = Object.entries(properties).filter(
    ([name]) => name in (expected.properties ?? {}) || required.includes(name),
  );
  return { ...schema, properties: Object.fromEntries(kept) };
}

/** Names of the schemas that the operations refer to, also by way of others. */
function reachableSchemas(document: ApiDocument, operations: readonly Operation[]): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { $ref } = node as Schema;
    if (typeof $ref === 'string' && !names.has(referredName($ref))) {
      names.add(referredName($ref));
      visit(document.components.schemas[referredName($ref)]);
    }
    Object.values(node).forEach(visit);
  };
  operations.forEach(visit);
  return names;
}

// Anything ------------------------------------------------------------------------------------------------------------

/** Where two values differ, down to the smallest part that does. */
function differences(expected: unknown, actual: unknown, where: string): string[] {
  if (text(expected) === text(actual)) return [];
  if (!isMap(expected) || !isMap(actual))
    return [`${where}: should be ${text(expected)}, is ${text(actual)}`];
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => differences(expected[key], actual[key], `${where}, ${key}`));
}

/** As JSON, with sorted keys. */
function text(value: unknown): string {
  if (value === undefined) return 'nothing';
  return JSON.stringify(value, (_, part: unknown) =>
    isMap(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapValues<V, R>(map: Record<string, V>, convert: (value: V, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, convert(value, key)]));
}

/** The part of `map` whose keys `other` has. */
function common<V>(other: object, map: Record<string, V>): Record<string, V> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => key in other));
}

function omit<V>(map: Record<string, V>, keys: readonly string[]): Record<string, V> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
