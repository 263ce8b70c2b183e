// Original file: proto/xray/app/proxyman/command/command.proto

import type { User as _xray_common_protocol_User, User__Output as _xray_common_protocol_User__Output } from '../../../../xray/common/protocol/User.js';

export interface GetInboundUserResponse {
  'users'?: (_xray_common_protocol_User)[];
}

export interface GetInboundUserResponse__Output {
  'users': (_xray_common_protocol_User__Output)[];
}
