// Original file: proto/xray/app/stats/command/command.proto

import type { Stat as _xray_app_stats_command_Stat, Stat__Output as _xray_app_stats_command_Stat__Output } from '../../../../xray/app/stats/command/Stat.js';

export interface QueryStatsResponse {
  'stat'?: (_xray_app_stats_command_Stat)[];
}

export interface QueryStatsResponse__Output {
  'stat': (_xray_app_stats_command_Stat__Output)[];
}
