// Original file: proto/xray/common/protocol/user.proto

import type { TypedMessage as _xray_common_serial_TypedMessage, TypedMessage__Output as _xray_common_serial_TypedMessage__Output } from '../../../xray/common/serial/TypedMessage.js';

export interface User {
  'level'?: (number);
  'email'?: (string);
  'account'?: (_xray_common_serial_TypedMessage | null);
}

export interface User__Output {
  'level': (number);
  'email': (string);
  'account': (_xray_common_serial_TypedMessage__Output | null);
}
