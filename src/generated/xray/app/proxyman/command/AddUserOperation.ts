// Original file: proto/xray/app/proxyman/command/command.proto

import type { User as _xray_common_protocol_User, User__Output as _xray_common_protocol_User__Output } from '../../../../xray/common/protocol/User.js';

export interface AddUserOperation {
  'user'?: (_xray_common_protocol_User | null);
}

export interface AddUserOperation__Output {
  'user': (_xray_common_protocol_User__Output | null);
}
