import { AppError, InvalidInput } from '../../shared/domain/errors.js';

/** A token that never was one, was revoked, or belongs to a user who is gone; which of them is nobody's business. */
export class SubscriptionNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Not Found');
  }
}

/** As the contract names the formats. */
export const CLIENT_TYPE_PATTERN = 'sing-box|clash-meta|clash|outline|v2ray|v2ray-json';

/** The path names a format that does not exist. */
export function unknownClientType(): InvalidInput {
  return new InvalidInput([
    {
      loc: ['path', 'client_type'],
      msg: `String should match pattern '${CLIENT_TYPE_PATTERN}'`,
      type: 'string_pattern_mismatch',
    },
  ]);
}
