// Original file: proto/xray/app/stats/command/command.proto


export interface QueryStatsRequest {
  'pattern'?: (string);
}

export interface QueryStatsRequest__Output {
  'pattern': (string);
}
