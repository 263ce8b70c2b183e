// Original file: proto/xray/core/config.proto

import type { TypedMessage as _xray_common_serial_TypedMessage, TypedMessage__Output as _xray_common_serial_TypedMessage__Output } from '../../xray/common/serial/TypedMessage.js';

export interface OutboundHandlerConfig {
  'tag'?: (string);
  'proxy_settings'?: (_xray_common_serial_TypedMessage | null);
}

export interface OutboundHandlerConfig__Output {
  'tag': (string);
  'proxy_settings': (_xray_common_serial_TypedMessage__Output | null);
}
