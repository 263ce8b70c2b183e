// Original file: proto/xray/app/proxyman/command/command.proto

import type { TypedMessage as _xray_common_serial_TypedMessage, TypedMessage__Output as _xray_common_serial_TypedMessage__Output } from '../../../../xray/common/serial/TypedMessage.js';

export interface AlterInboundRequest {
  'tag'?: (string);
  'operation'?: (_xray_common_serial_TypedMessage | null);
}

export interface AlterInboundRequest__Output {
  'tag': (string);
  'operation': (_xray_common_serial_TypedMessage__Output | null);
}
