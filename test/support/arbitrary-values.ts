import fc, { type Arbitrary } from 'fast-check';
import type { ApiDocument, Schema } from './api-document.js';
import { resolved } from './json-schema.js';

/** Texts worth trying for properties and parameters of these names, beside arbitrary ones; `key` for keys of maps. */
export type Samples = Readonly<Record<string, readonly string[]>>;

/** A value that has exactly one fault, and where in it the fault is. */
export interface Faulty {
  value: unknown;
  path: (string | number)[];
}

const json = fc.jsonValue({ maxDepth: 3 });

const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  'a\ud800',
  '%',
  '..',
  '\u202e🚀',
  "'; --",
  '{USERNAME}',
  '__proto__',
  'x'.repeat(3000),
];

const ordinary = fc.constantFrom(...'abcXYZ019_-@.');

const instant = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
const dateTime = fc
  .tuple(instant, fc.constantFrom('', 'Z', '+03:30', '-12:00'))
  .map(([date, offset]) => date.toISOString().replace('Z', '') + offset);

const POWERS = [0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 10n ** 40n];
const BOUNDARIES = [...POWERS, ...POWERS.map((power) => -power)];

/** Makes values that a document describes, and values that it does not. Integers are `bigint` or `number`. */
export class ArbitraryValues {
  constructor(
    private readonly document: ApiDocument,
    private readonly samples: Samples,
  ) {}

  /** What the schema allows: mostly what somebody might send, now and then what nobody would. */
  valid(schema: Schema, name = ''): Arbitrary<unknown> {
    const kind = resolved(this.document, schema);
    const { anyOf, type, enum: values, items = {}, minimum, exclusiveMinimum } = kind;
    if (anyOf) return fc.oneof(...anyOf.map((alternative) => this.valid(alternative, name)));
    if (values) return fc.constantFrom(...values);
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: minimum ?? -5, max: 5000 }) },
          fc.constantFrom(...BOUNDARIES.filter((value) => minimum === undefined || value >= minimum)),
        );
      case 'number':
        return fc.double({ noNaN: true, min: exclusiveMinimum ?? -1e300, max: 1e300, minExcluded: true });
      case 'string':
        return this.text(kind, name);
      case 'array':
        return fc.array(this.valid(items, name), { maxLength: 3 });
      case 'object':
        return this.object(kind, name);
      default:
        return json;
    }
  }

  /** What the schema does not allow and no reader could take for what it does. Undefined where anything goes. */
  faulty(schema: Schema, name = ''): Arbitrary<Faulty> | undefined {
    const { anyOf, ...kind } = resolved(this.document, schema);
    if (anyOf) {
      const [only, ...others] = anyOf.filter((alternative) => alternative.type !== 'null');
      return others.length === 0 && only ? this.faulty(only, name) : undefined;
    }
    const whole = wrongValues(kind).map((value) => fc.constant<Faulty>({ value, path: [] }));
    const parts = [...this.faultyItem(kind, name), ...this.faultyProperties(kind), ...this.faultyEntry(kind)];
    return whole.length + parts.length === 0 ? undefined : fc.oneof(...whole, ...parts);
  }

  /** Texts that are no such value, for places where everything is text. */
  wrongTexts(schema: Schema): string[] {
    const { anyOf = [schema] } = resolved(this.document, schema);
    const kinds = anyOf
      .map((alternative) => resolved(this.document, alternative))
      .map(({ items, ...kind }) => (items ? resolved(this.document, items) : kind)); // one text is a list of one
    if (kinds.some(({ type, enum: values, format }) => type === 'string' && !values && !format)) return [];
    return kinds
      .flatMap(wrongValues)
      .filter((value): value is string => typeof value === 'string' && value !== '');
  }

  private text({ minLength = 0, maxLength, format }: Schema, name: string): Arbitrary<unknown> {
    if (format === 'date-time') return dateTime;
    const length = { minLength, maxLength: maxLength ?? 40 };
    const odd = ODD_TEXTS.map((text) => [...text].length);
    const fitting = ODD_TEXTS.filter((_, i) => odd[i]! >= minLength && odd[i]! <= (maxLength ?? Infinity));
    const samples = this.samples[name] ?? [];
    return fc.oneof(
      fc.string({ ...length, unit: 'binary' }),
      fc.string({ ...length, unit: ordinary }),
      fc.constantFrom(...fitting),
      ...(samples.length > 0 ? [{ weight: 10, arbitrary: fc.constantFrom(...samples) }] : []),
    );
  }

  private object(schema: Schema, name: string): Arbitrary<unknown> {
    const { properties = {}, required = [], additionalProperties: more } = schema;
    if (typeof more === 'object') {
      return fc.dictionary(this.key(schema), this.valid(more, name), { maxKeys: 3, noNullPrototype: true });
    }
    if (Object.keys(properties).length === 0) {
      return fc.oneof({ weight: 6, arbitrary: fc.constant({}) }, fc.dictionary(fc.string(), json));
    }
    const fields = Object.entries(properties).map(([key, part]) => [key, this.valid(part, key)] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: required, noNullPrototype: true });
  }

  private key({ propertyNames = { type: 'string' } }: Schema): Arbitrary<string> {
    return this.valid(propertyNames, 'key') as Arbitrary<string>;
  }

  private *faultyItem({ type, items }: Schema, name: string): Generator<Arbitrary<Faulty>> {
    const faulty = type === 'array' && items && this.faulty(items, name);
    if (!faulty) return;
    const before = fc.array(this.valid(items, name), { maxLength: 2 });
    yield fc.tuple(before, faulty).map(([valid, { value, path }]) => ({
      value: [...valid, value],
      path: [valid.length, ...path],
    }));
  }

  private *faultyProperties({ properties = {}, required = [] }: Schema): Generator<Arbitrary<Faulty>> {
    for (const [key, part] of Object.entries(properties)) {
      const others = required.filter((name) => name !== key);
      const valid = fc.record(
        Object.fromEntries(others.map((name) => [name, this.valid(properties[name]!, name)])),
      );
      const faulty = this.faulty(part, key);
      if (faulty) {
        yield fc.tuple(valid, faulty).map(([rest, { value, path }]) => ({
          value: { ...rest, [key]: value },
          path: [key, ...path],
        }));
      }
      if (required.includes(key)) yield valid.map((value) => ({ value, path: [key] }));
    }
  }

  private *faultyEntry(schema: Schema): Generator<Arbitrary<Faulty>> {
    const { additionalProperties: more } = schema;
    const faulty = typeof more === 'object' && this.faulty(more);
    if (!faulty) return;
    yield fc.tuple(this.key(schema), faulty).map(([key, { value, path }]) => ({
      value: { [key]: value },
      path: [key, ...path],
    }));
  }
}

/** The value with one of its parts, at any depth, replaced by anything or left out. */
export function changed(value: unknown): Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return json;
  const parts = Object.entries(value).map(([key, part]) =>
    fc
      .option(changed(part), { nil: undefined, freq: 5 })
      .map((other) =>
        Array.isArray(value) ? withItem(value, Number(key), other) : { ...value, [key]: other },
      ),
  );
  return fc.oneof(json, ...parts.map((arbitrary) => ({ weight: 3, arbitrary })));
}

function withItem(list: readonly unknown[], index: number, item: unknown): unknown[] {
  return list.toSpliced(index, 1, ...(item === undefined ? [] : [item]));
}

/** Values that are wrong whatever is converted: no text that reads as a number, no number that stands for a boolean. */
function wrongValues(schema: Schema): unknown[] {
  const { type, enum: values, format, minimum, exclusiveMinimum, minLength, maxLength } = schema;
  if (values) return ['no such value', 7, {}, ...(values.includes('') ? [] : [''])];
  switch (type) {
    case 'integer':
    case 'number': {
      const tooSmall = minimum === undefined ? [] : [minimum - 1, -(10n ** 30n)];
      return [
        'many',
        {},
        [],
        [1],
        ...tooSmall,
        ...(exclusiveMinimum === undefined ? [] : [exclusiveMinimum]),
      ];
    }
    case 'boolean':
      return ['perhaps', 7, {}, []];
    case 'string': {
      if (format === 'date-time') return ['yesterday', '', {}, []];
      const tooShort = minLength === undefined ? [] : ['x'.repeat(minLength - 1)];
      return [7, true, {}, [], ...tooShort, ...(maxLength === undefined ? [] : ['🚀'.repeat(maxLength + 1)])];
    }
    case 'array':
      return ['text', 7, {}];
    case 'object':
      return ['text', 7, [7]];
    default:
      return [];
  }
}
