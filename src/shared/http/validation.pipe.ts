import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { InvalidInput, type Issue } from '../domain/errors.js';
import { readBody } from './body.js';
import { Invalid, isObject, readText } from './coercion.js';
import { fieldsOf } from './field-registry.js';
import { int32 } from './fields.js';
import { readDto } from './read-dto.js';

const pathInt = int32();

/**
 * Reads bodies, queries and path parameters into what the handler declares. Classes with fields are read by them, path
 * parameters by their type (`string` or `number`); anything else passes as it is.
 */
@Injectable()
export class ApiValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if (type === 'custom' || !metatype) return value;
    if (type === 'param')
      return data === undefined ? value : checked(readPath(metatype, value), ['path', data]);
    if (data !== undefined || fieldsOf(metatype as Type<object>).length === 0) return value;
    if (type === 'query')
      return checked(readDto(metatype as Type<object>, singles(metatype, value)), ['query']);
    return readBody({ read: (body) => readDto(metatype as Type<object>, body) }, value);
  }
}

function readPath(metatype: unknown, value: unknown): unknown {
  if (metatype === String) return readText(value);
  return metatype === Number ? pathInt.read(value) : value;
}

function checked<T>(result: T | Invalid, at: Issue['loc']): T {
  if (result instanceof Invalid) throw new InvalidInput([...result.under(...at).issues]);
  return result;
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
