// Original file: proto/xray/app/proxyman/command/command.proto


export interface GetInboundUserRequest {
  'tag'?: (string);
  'email'?: (string);
}

export interface GetInboundUserRequest__Output {
  'tag': (string);
  'email': (string);
}
