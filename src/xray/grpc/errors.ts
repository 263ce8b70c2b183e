import { type ServiceError, status } from '@grpc/grpc-js';

/** Why a core refused or failed a call. */
export type CoreErrorCode =
  | 'user_exists'
  | 'user_not_found'
  | 'inbound_not_found'
  | 'not_user_manager'
  | 'bad_account'
  | 'unsupported'
  | 'unavailable'
  | 'timeout'
  | 'too_large'
  | 'aborted'
  | 'other';

/** A call to a core that did not succeed. The message is the core's, or the connection's, own text. */
export class CoreError extends Error {
  constructor(
    readonly code: CoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CoreError';
  }

  /** Whether the core as a whole, not this one request, is the trouble. */
  get isConnection(): boolean {
    return this.code === 'unavailable' || this.code === 'timeout';
  }
}

/** Every error of an application has the code UNKNOWN; only the text tells them apart (Xray 1.8.0 to 26.7). */
const TEXTS: readonly [RegExp, CoreErrorCode][] = [
  [/User .* already exists\./, 'user_exists'],
  [/User .* not found\./, 'user_not_found'],
  [/handler not found: /, 'inbound_not_found'],
  [/proxy is not a UserManager/, 'not_user_manager'],
  [/failed to parse user/, 'bad_account'],
];

const CODES: Partial<Record<status, CoreErrorCode>> = {
  [status.UNIMPLEMENTED]: 'unsupported',
  [status.UNAVAILABLE]: 'unavailable',
  [status.INTERNAL]: 'unavailable', // a stream that was reset
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.RESOURCE_EXHAUSTED]: 'too_large',
  [status.CANCELLED]: 'aborted',
};

/** A reply that is none of Xray's, as far as it goes: `what` is wrong with it. */
export function unreadable(what: string, cause?: unknown): CoreError {
  return new CoreError(
    'other',
    `a reply cannot be read (${what}); is it Xray itself that answers there, 25.1 or newer, with nothing in between?`,
    { cause },
  );
}

/** What `read` makes of a reply. @throws CoreError when that is nothing */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof CoreError ? error : unreadable((error as Error).message, error);
  }
}

/** A call that was not answered in time. */
export function unanswered(milliseconds: number): CoreError {
  return new CoreError(
    'timeout',
    `no answer to a call in ${Math.round(milliseconds / 100) / 10} s; that Xray hangs or has too much to do, or the line to it is slow or broken`,
  );
}

export function toCoreError(error: Pick<ServiceError, 'code' | 'details'> & Partial<Error>): CoreError {
  const text = error.details || error.message || 'The core gave no reason';
  // gRPC's library says so of what it could not decode.
  if (text.startsWith('Response message parsing error')) return unreadable(text, error);
  const code = CODES[error.code] ?? TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
  return new CoreError(code, text, { cause: error });
}
