import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { InvalidInput } from '../domain/errors.js';
import { readBody } from './body.js';
import { Invalid, isObject } from './coercion.js';
import { fieldsOf } from './field-registry.js';
import { readDto } from './read-dto.js';

/**
 * Reads bodies and queries into the class with fields that the handler declares; anything else passes as it is. Parameters
 * of paths are read by guards and decorators, as what they name is looked for before the rest is validated.
 */
@Injectable()
export class ApiValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if (type === 'custom' || type === 'param' || !metatype) return value;
    if (data !== undefined || fieldsOf(metatype as Type<object>).length === 0) return value;
    if (type === 'query') return readQuery(metatype as Type<object>, value);
    return readBody({ read: (body) => readDto(metatype as Type<object>, body) }, value);
  }
}

function readQuery(metatype: Type<object>, query: unknown): object {
  const read = readDto(metatype, singles(metatype, query));
  if (read instanceof Invalid) throw new InvalidInput([...read.under('query').issues]);
  return read;
}

/** The query with one value per name: the last, as lists are only what is declared as such. */
function singles(metatype: Type<object>, query: unknown): Record<string, unknown> {
  const values: Record<string, unknown> = isObject(query) ? { ...query } : {};
  for (const { name, repeated } of fieldsOf(metatype)) {
    const value = values[name];
    if (value === undefined) continue;
    if (repeated) values[name] = Array.isArray(value) ? value : [value];
    else if (Array.isArray(value)) values[name] = value.at(-1);
  }
  return values;
}
