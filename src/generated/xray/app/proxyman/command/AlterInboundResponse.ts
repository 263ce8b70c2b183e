// Original file: proto/xray/app/proxyman/command/command.proto


export interface AlterInboundResponse {
}

export interface AlterInboundResponse__Output {
}
