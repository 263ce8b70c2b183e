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

/** More logins at a time than can be checked. */
export class TooManyLogins extends AppError {
  readonly kind = 'too_many';
  override readonly retryAfterSeconds = 3;
  constructor() {
    super('Too many logins at this moment, try again in 3 seconds');
  }
}

export class AdminNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Admin not found');
  }
}

export class AdminNameTaken extends AppError {
  readonly kind = 'conflict';
  constructor() {
    super('Admin already exists');
  }
}

/** A sudo admin who would change another one. The text is what clients know. */
export class OtherSudoUntouchable extends AppError {
  readonly kind = 'forbidden';
  constructor() {
    super("You're not allowed to edit another sudoer's account. Use marzban-cli instead.");
  }
}

export class SudoNotRemovable extends AppError {
  readonly kind = 'forbidden';
  constructor() {
    super("You're not allowed to delete sudo accounts. Use marzban-cli instead.");
  }
}

/** A sudo admin who would give up the rights it is using. */
export class OwnSudoKept extends AppError {
  readonly kind = 'bad_request';
  constructor() {
    super('A sudo admin cannot give up its own sudo rights');
  }
}

export class PasswordFromEnvironment extends AppError {
  readonly kind = 'bad_request';
  constructor() {
    super('The password of this admin is the setting SUDO_PASSWORD');
  }
}

/** What is done to the admin that the settings name is undone at the next start. */
export class AdminOfSettings extends AppError {
  readonly kind = 'bad_request';
  constructor() {
    super('This admin is kept by the settings SUDO_USERNAME and SUDO_PASSWORD');
  }
}

export class NoEnvironmentAdmin extends AppError {
  readonly kind = 'bad_request';
  constructor() {
    super('There is no admin in the settings: SUDO_USERNAME and SUDO_PASSWORD are not set');
  }
}
