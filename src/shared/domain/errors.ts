/** What happened, as a client may learn it. `shared/http` has the one table from kinds to status codes. */
export type ErrorKind =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'too_many'
  | 'unavailable';

/** An expected failure. Its message is public: it becomes the response's `detail`. */
export abstract class AppError extends Error {
  abstract readonly kind: ErrorKind;
  /** When asking again may help; only some failures know. */
  readonly retryAfterSeconds?: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A request that asks for something impossible, though its shape is right (400). */
export class BadRequest extends AppError {
  readonly kind = 'bad_request';
}

/** An admin who may not do this (403). */
export class NotAllowed extends AppError {
  readonly kind = 'forbidden';
  constructor(message = "You're not allowed") {
    super(message);
  }
}

/** One reason why a request did not validate, in the words of the documented 422 body. */
export interface Issue {
  /** `body`, `query` or `path`, then the names and indexes that lead to the value. */
  loc: (string | number)[];
  msg: string;
  /** The type of the failure, e.g. `missing` or `int_parsing` (contract notes, section 6). */
  type: string;
}

/** Input that does not validate (422); names each field that is wrong. */
export class InvalidInput extends Error {
  constructor(readonly issues: Issue[]) {
    super(issues.map((issue) => `${issue.loc.join('.')}: ${issue.msg}`).join('; '));
    this.name = 'InvalidInput';
  }

  /** A rule of ours that a body field breaks; clients see `Value error, <text>`. */
  static value(field: string, text: string): InvalidInput {
    return new InvalidInput([{ loc: ['body', field], msg: `Value error, ${text}`, type: 'value_error' }]);
  }
}
