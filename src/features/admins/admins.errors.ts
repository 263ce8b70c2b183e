import { AppError } from '../../shared/domain/errors.js';

/** A request without a usable bearer token. */
export class NotAuthenticated extends AppError {
  readonly kind = 'unauthorized';
  constructor() {
    super('Not authenticated');
  }
}

/** A token that is forged, expired, or older than the admin's password. */
export class TokenRefused extends AppError {
  readonly kind = 'unauthorized';
  constructor() {
    super('Could not validate credentials');
  }
}

/** A wrong name or password; which of them is not said. */
export class LoginRefused extends AppError {
  readonly kind = 'unauthorized';
  constructor() {
    super('Incorrect username or password');
  }
}

/** Too many failed logins with this name or from this address. */
export class TooManyFailedLogins extends AppError {
  readonly kind = 'too_many';
  constructor(override readonly retryAfterSeconds: number) {
    super(`Too many failed logins, try again in ${retryAfterSeconds} seconds`);
  }
}
