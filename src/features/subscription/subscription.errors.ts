import { AppError } from '../../shared/domain/errors.js';

/** A token that never was one, was revoked, or belongs to a user who is gone; which of them is nobody's business. */
export class SubscriptionNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Not Found');
  }
}
