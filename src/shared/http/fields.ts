import { applyDecorators, type Type } from '@nestjs/common';
import { ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { Expose, Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { isUnprintable } from '../../text/names.js';
import {
  Invalid,
  type IntLimits,
  readBool,
  readCutInt,
  readEnum,
  readInt,
  readList,
  readMap,
  readNumber,
  readText,
  type TextLimits,
} from './coercion.js';
import { readTime } from './coercion-time.js';
import { type Field, registerField } from './field-registry.js';
import { readDto } from './read-dto.js';

/** A JSON schema, as OpenAPI 3.1 has it. */
export type Schema = Record<string, unknown>;

/** A kind of value: how it is read from a request and how the API document describes it. */
export interface Kind<T = unknown> {
  read(value: unknown): T | Invalid;
  /** Asked for when the document is written, so that classes may refer to each other. */
  schema(): Schema;
}

/**
 * A kind inside a decorator of the API document. The document's writer cannot say all that JSON Schema can, so
 * `openapi.ts` puts the kind's own schema in its place.
 */
export function describedBy(kind: Kind, required?: boolean): object {
  return { type: 'string', required, 'x-kind': kind };
}

/** The contract has few limits; those we add to be safe are checked without being documented. */
interface Documented {
  /** False for a limit the contract does not have. */
  documented?: boolean;
}

// Kinds ---------------------------------------------------------------------------------------------------------------

/** A 64-bit integer as `bigint`. `cutsFractions` is for fields that cut fractions and refuse text, with this message. */
export function bigInt(options: IntLimits & Documented & { cutsFractions?: string } = {}): Kind<bigint> {
  const { cutsFractions: refusal } = options;
  return {
    read: (value) => (refusal === undefined ? readInt(value, options) : readCutInt(value, refusal, options)),
    schema: () => intSchema(options),
  };
}

/** An integer as `number`, by default within ±(2^53 − 1). */
export function int(options: IntLimits & Documented = {}): Kind<number> {
  const limits = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, ...options };
  return {
    read(value) {
      const result = readInt(value, limits);
      return result instanceof Invalid ? result : Number(result);
    },
    schema: () => intSchema(options),
  };
}

/** An integer as a column of type `int` holds it, such as an id. */
export function int32(): Kind<number> {
  return int({ min: -(2 ** 31), max: 2 ** 31 - 1 });
}

/** Only a lower bound is documented: the contract knows no upper ones. */
function intSchema({ min, documented = true }: IntLimits & Documented): Schema {
  if (!documented) return { type: 'integer' };
  return { type: 'integer', ...(min === undefined || Number(min) < 0 ? {} : { minimum: Number(min) }) };
}

/** A floating-point number. */
export function float(options: { above?: number } = {}): Kind<number> {
  const { above } = options;
  return {
    read: (value) => readNumber(value, options),
    schema: () => ({ type: 'number', ...(above === undefined ? {} : { exclusiveMinimum: above }) }),
  };
}

export function bool(): Kind<boolean> {
  return { read: readBool, schema: () => ({ type: 'boolean' }) };
}

export function text(options: TextLimits & Documented = {}): Kind<string> {
  const { minLength, maxLength, pattern, documented = true } = options;
  const schema = { type: 'string', minLength, maxLength, pattern: pattern?.source };
  return {
    read: (value) => readText(value, options),
    schema: () =>
      documented
        ? Object.fromEntries(Object.entries(schema).filter(([, limit]) => limit !== undefined))
        : { type: 'string' },
  };
}

/** One of `values`; `name` is the schema's name in the API document. */
export function oneOf<T extends string>(values: readonly T[], name: string): Kind<T> {
  namedEnums.set(name, { type: 'string', enum: [...values] });
  return { read: (value) => readEnum(value, values), schema: () => ({ $ref: getSchemaPath(name) }) };
}

/** Enumerations of the API document by name. */
export const namedEnums = new Map<string, Schema>();

/** An instant, in UTC when it has no offset. */
export function time(): Kind<Date> {
  return { read: readTime, schema: () => ({ type: 'string', format: 'date-time' }) };
}

/** `max` is a limit of ours, which the contract does not have. */
export function list<T>(of: Kind<T>, { max }: { max?: number } = {}): Kind<T[]> {
  return {
    read: (value) => readList(value, (element) => of.read(element), max),
    schema: () => ({ type: 'array', items: of.schema() }),
  };
}

/** An object from keys to values, in the order it was sent. */
export function map<K extends string, V>(keys: Kind<K>, values: Kind<V>): Kind<Record<K, V>> {
  return {
    read: (value) =>
      readMap(
        value,
        (key) => keys.read(key),
        (element) => values.read(element),
      ),
    schema() {
      const names = keys.schema();
      const free = Object.keys(names).length === 1 && names.type === 'string';
      return {
        type: 'object',
        ...(free ? {} : { propertyNames: names }),
        additionalProperties: values.schema(),
      };
    },
  };
}

/** Another class with fields. */
export function object<T extends object>(type: () => Type<T>): Kind<T> {
  nestedClasses.add(type);
  return { read: (value) => readDto(type(), value), schema: () => ({ $ref: getSchemaPath(type()) }) };
}

/** Classes that occur inside others; the API document must be told of them. */
export const nestedClasses = new Set<() => Type<object>>();

/** Null as well. */
export function nullable<T>(kind: Kind<T>): Kind<T | null> {
  return {
    read: (value) => (value === null ? null : kind.read(value)),
    schema: () => ({ anyOf: [kind.schema(), { type: 'null' }] }),
  };
}

// Decorators ----------------------------------------------------------------------------------------------------------

export interface FieldOptions {
  /** May be null; may then be absent too. An absent field without default is undefined in the class. */
  nullable?: boolean;
  /** May be absent. */
  optional?: boolean;
  /** The value of an absent field, which then may be absent. Not validated. */
  default?: unknown;
  description?: string;
  example?: unknown;
}

/** A field of a request or response of any kind. Where a kind fits, use the decorators below. */
export function Field(kind: Kind, options: FieldOptions = {}): PropertyDecorator {
  const full = options.nullable ? nullable(kind) : kind;
  const required = !options.optional && !options.nullable && options.default === undefined;
  const schema = () => ({
    ...full.schema(),
    ...(options.default === undefined ? {} : { default: options.default }),
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.example === undefined ? {} : { examples: [options.example] }),
  });
  const field: Omit<Field, 'name'> = { required, repeated: false, default: options.default };
  return applyDecorators(
    registerField(field) as PropertyDecorator,
    Expose(),
    Transform(({ obj, key }: { obj: Record<string, () => unknown>; key: string }) => {
      const value = obj[key]?.(); // see readDto
      return value === undefined ? undefined : full.read(value);
    }),
    ApiProperty(describedBy({ read: full.read, schema }, required)),
  );
}

/** An integer: `number` unless `big`, then a 64-bit `bigint`. `cutsFractions`: see `bigInt`. */
export function IntField(
  options: FieldOptions & IntLimits & Documented & { big?: boolean; cutsFractions?: string } = {},
) {
  return Field(options.big ? bigInt(options) : int(options), options);
}

/** A floating-point number. */
export function NumberField(options: FieldOptions & { above?: number } = {}) {
  return Field(float(options), options);
}

export function BoolField(options: FieldOptions = {}) {
  return Field(bool(), options);
}

export function TextField(options: FieldOptions & TextLimits & Documented = {}) {
  return Field(text(options), options);
}

export function EnumField(values: readonly string[], options: FieldOptions & { name: string }) {
  return Field(oneOf(values, options.name), options);
}

/** An instant. In responses it is text already, made by `toWireTime`. */
export function TimeField(options: FieldOptions = {}) {
  return Field(time(), options);
}

export function ListField(of: Kind, options: FieldOptions = {}) {
  return Field(list(of), options);
}

export function MapField(keys: Kind<string>, values: Kind, options: FieldOptions = {}) {
  return Field(map(keys, values), options);
}

export function ObjectField(type: () => Type<object>, options: FieldOptions = {}) {
  return Field(object(type), options);
}

/** A query parameter that may be repeated: `username=a&username=b` is a list of two. */
export function QueryList(of: Kind = text(), options: FieldOptions = { optional: true }): PropertyDecorator {
  return (target, key) => {
    Field(list(of), options)(target, key);
    registerField({ repeated: true })(target, key);
  };
}

/**
 * A rule of ours about a field whose value has the right kind: returns the text of the refusal, which clients see as
 * `Value error, <text>`. `dto` holds the other fields; one that could not be read is undefined. Runs only for fields
 * that were sent and are not null.
 */
export function Rule<V, D extends object>(
  check: (value: V, dto: D) => string | undefined,
): PropertyDecorator {
  return ValidateBy({
    name: 'rule',
    validator: {
      validate: (value, args) => check(value as V, args?.object as D) === undefined,
      defaultMessage: (args) => check(args?.value as V, args?.object as D) ?? '',
    },
  });
}

/** The field is a name that is shown and logged as it is. */
export function PrintableName(): PropertyDecorator {
  return Rule((name: string) => (isUnprintable(name) ? 'must not hold control characters' : undefined));
}
