import { BadRequest } from '../../shared/domain/errors.js';

/** A core config that cannot be used; the message is the answer's `detail` (400). */
export class InvalidCoreConfig extends BadRequest {}
