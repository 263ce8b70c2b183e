import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync } from 'class-validator';
import type { Issue } from '../domain/errors.js';
import { Invalid, isObject } from './coercion.js';
import { type Field, fieldsOf } from './field-registry.js';

/**
 * Reads a class with fields from what a request holds: class-transformer reads every field by its kind, then
 * class-validator checks the rules of the class. At most one issue per field, in the order of declaration. Fields the
 * class does not know are ignored.
 */
export function readDto<T extends object>(type: Type<T>, value: unknown): T | Invalid {
  if (!isObject(value)) {
    return Invalid.of(
      'model_attributes_type',
      'Input should be a valid dictionary or object to extract fields from',
    );
  }
  // Behind functions, or class-transformer would first copy whatever was sent, deeply.
  const unread = Object.fromEntries(
    fieldsOf(type).flatMap(({ name }) => (Object.hasOwn(value, name) ? [[name, () => value[name]]] : [])),
  );
  const dto = plainToInstance(type, unread, { excludeExtraneousValues: true, exposeUnsetFields: false });
  const values = dto as Record<string, unknown>;
  const issues = new Map<string, readonly Issue[]>();
  for (const field of fieldsOf(type)) {
    const read = values[field.name];
    const result = read === undefined ? whenAbsent(field) : read;
    if (result instanceof Invalid) {
      issues.set(field.name, result.under(field.name).issues);
      delete values[field.name];
    } else if (result !== undefined) values[field.name] = result;
  }
  for (const [name, issue] of brokenRules(type, dto)) if (!issues.has(name)) issues.set(name, [issue]);
  if (issues.size === 0) return dto;
  return new Invalid(fieldsOf(type).flatMap(({ name }) => issues.get(name) ?? []));
}

function whenAbsent(field: Field): unknown {
  if (field.required) return Invalid.of('missing', 'Field required');
  return typeof field.default === 'object' ? structuredClone(field.default) : field.default;
}

const withRules = new WeakMap<object, boolean>();

/** What class-validator objects to, by field. Absent and null fields have no value a rule could be about. */
function* brokenRules(type: Type<object>, dto: object): Generator<[string, Issue]> {
  if (!hasRules(type)) return;
  const failures = validateSync(dto, {
    skipMissingProperties: true,
    stopAtFirstError: true,
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  for (const { property, constraints = {} } of failures) {
    const [text = 'is not acceptable'] = Object.values(constraints);
    yield [property, { loc: [property], msg: `Value error, ${text}`, type: 'value_error' }];
  }
}

function hasRules(type: Type<object>): boolean {
  let has = withRules.get(type);
  if (has === undefined) {
    has = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length > 0;
    withRules.set(type, has);
  }
  return has;
}
