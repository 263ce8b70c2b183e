import { AppError } from '../../shared/domain/errors.js';

export class JobNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Job not found');
  }
}
