import type { Request } from 'express';
import { InvalidInput } from '../domain/errors.js';
import { Invalid } from './coercion.js';
import { int32, type Kind } from './fields.js';

const id = int32();

/** The id in the path's parameter of this name, for guards, which run before anything is validated. Throws `InvalidInput`. */
export function readPathId({ params }: Request, name: string): number {
  return readParameter(id, params[name], name);
}

/** What a path's parameter holds, of any kind. Throws `InvalidInput`. */
export function readParameter<T>(kind: Kind<T>, value: unknown, name: string): T {
  const read = kind.read(value);
  if (read instanceof Invalid) throw new InvalidInput([...read.under('path', name).issues]);
  return read;
}
