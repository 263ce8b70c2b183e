// Original file: proto/xray/app/stats/command/command.proto


export interface SysStatsRequest {
}

export interface SysStatsRequest__Output {
}
