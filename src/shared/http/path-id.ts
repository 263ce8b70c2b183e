import type { Request } from 'express';
import { InvalidInput } from '../domain/errors.js';
import { Invalid } from './coercion.js';
import { int32 } from './fields.js';

const id = int32();

/** The id in the path's parameter of this name, for guards, which run before anything is validated. Throws `InvalidInput`. */
export function readPathId({ params }: Request, name: string): number {
  const read = id.read(params[name]);
  if (read instanceof Invalid) throw new InvalidInput([...read.under('path', name).issues]);
  return read;
}
