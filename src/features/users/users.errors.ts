import { AppError, BadRequest, InvalidInput, NotAllowed } from '../../shared/domain/errors.js';
import type { Protocol } from '../../xray/config/types.js';

export class UserNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('User not found');
  }
}

/** The admin who is to own a user is gone. */
export class OwnerNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Admin not found');
  }
}

export class NextPlanNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super("User doesn't have next plan");
  }
}

export class NoExpiredUsers extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('No expired users found in the specified date range');
  }
}

export class UsernameTaken extends AppError {
  readonly kind = 'conflict';
  constructor() {
    super('User already exists');
  }
}

/** The user belongs to another admin. */
export class NotYourUser extends NotAllowed {}

/** As Marzban's released image prints the members of its enumeration. */
const PRINTED: Record<Protocol, string> = {
  vmess: 'VMess',
  vless: 'VLESS',
  trojan: 'Trojan',
  shadowsocks: 'Shadowsocks',
};

/** No inbound of the core config speaks the protocol. */
export class ProtocolDisabled extends BadRequest {
  constructor(protocol: Protocol) {
    super(`Protocol ProxyTypes.${PRINTED[protocol]} is disabled on your server`);
  }
}

export class InvalidSortOption extends BadRequest {
  constructor(key: string) {
    super(`"${key}" is not a valid sort option`);
  }
}

/** The tag is no inbound of the protocol it is listed under. */
export function unknownInbound(tag: string): InvalidInput {
  return InvalidInput.value('inbounds', `Inbound ${tag} doesn't exist`);
}
