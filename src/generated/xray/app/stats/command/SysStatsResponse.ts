// Original file: proto/xray/app/stats/command/command.proto

import type { Long } from '@grpc/proto-loader';

export interface SysStatsResponse {
  'NumGoroutine'?: (number);
  'Alloc'?: (number | string | Long);
  'Uptime'?: (number);
}

export interface SysStatsResponse__Output {
  'NumGoroutine': (number);
  'Alloc': (string);
  'Uptime': (number);
}
