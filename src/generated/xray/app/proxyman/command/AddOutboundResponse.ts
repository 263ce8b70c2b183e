// Original file: proto/xray/app/proxyman/command/command.proto


export interface AddOutboundResponse {
}

export interface AddOutboundResponse__Output {
}
