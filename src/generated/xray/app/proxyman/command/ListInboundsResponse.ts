// Original file: proto/xray/app/proxyman/command/command.proto

import type { InboundHandlerConfig as _xray_core_InboundHandlerConfig, InboundHandlerConfig__Output as _xray_core_InboundHandlerConfig__Output } from '../../../../xray/core/InboundHandlerConfig.js';

export interface ListInboundsResponse {
  'inbounds'?: (_xray_core_InboundHandlerConfig)[];
}

export interface ListInboundsResponse__Output {
  'inbounds': (_xray_core_InboundHandlerConfig__Output)[];
}
