import { AppError } from '../../shared/domain/errors.js';

export class NotificationNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Notification not found');
  }
}

export class TargetNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Target not found');
  }
}
