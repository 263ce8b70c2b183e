import { AppError } from '../../shared/domain/errors.js';

/** Why an import does not begin, or cannot go on, in one sentence for the operator: what is wrong and what to do. Holds no secret. */
export class ImportRefused extends AppError {
  readonly kind = 'bad_request';
}
