// Original file: proto/xray/app/proxyman/command/command.proto

import type { OutboundHandlerConfig as _xray_core_OutboundHandlerConfig, OutboundHandlerConfig__Output as _xray_core_OutboundHandlerConfig__Output } from '../../../../xray/core/OutboundHandlerConfig.js';

export interface AddOutboundRequest {
  'outbound'?: (_xray_core_OutboundHandlerConfig | null);
}

export interface AddOutboundRequest__Output {
  'outbound': (_xray_core_OutboundHandlerConfig__Output | null);
}
