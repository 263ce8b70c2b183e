// Original file: proto/xray/app/proxyman/command/command.proto


export interface ListInboundsRequest {
}

export interface ListInboundsRequest__Output {
}
