// Original file: proto/xray/app/stats/command/command.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { QueryStatsRequest as _xray_app_stats_command_QueryStatsRequest, QueryStatsRequest__Output as _xray_app_stats_command_QueryStatsRequest__Output } from '../../../../xray/app/stats/command/QueryStatsRequest.js';
import type { QueryStatsResponse as _xray_app_stats_command_QueryStatsResponse, QueryStatsResponse__Output as _xray_app_stats_command_QueryStatsResponse__Output } from '../../../../xray/app/stats/command/QueryStatsResponse.js';
import type { SysStatsRequest as _xray_app_stats_command_SysStatsRequest, SysStatsRequest__Output as _xray_app_stats_command_SysStatsRequest__Output } from '../../../../xray/app/stats/command/SysStatsRequest.js';
import type { SysStatsResponse as _xray_app_stats_command_SysStatsResponse, SysStatsResponse__Output as _xray_app_stats_command_SysStatsResponse__Output } from '../../../../xray/app/stats/command/SysStatsResponse.js';

export interface StatsServiceClient extends grpc.Client {
  GetSysStats(argument: _xray_app_stats_command_SysStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  GetSysStats(argument: _xray_app_stats_command_SysStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  GetSysStats(argument: _xray_app_stats_command_SysStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  GetSysStats(argument: _xray_app_stats_command_SysStatsRequest, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  getSysStats(argument: _xray_app_stats_command_SysStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  getSysStats(argument: _xray_app_stats_command_SysStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  getSysStats(argument: _xray_app_stats_command_SysStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  getSysStats(argument: _xray_app_stats_command_SysStatsRequest, callback: grpc.requestCallback<_xray_app_stats_command_SysStatsResponse__Output>): grpc.ClientUnaryCall;
  
  QueryStats(argument: _xray_app_stats_command_QueryStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  QueryStats(argument: _xray_app_stats_command_QueryStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  QueryStats(argument: _xray_app_stats_command_QueryStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  QueryStats(argument: _xray_app_stats_command_QueryStatsRequest, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  queryStats(argument: _xray_app_stats_command_QueryStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  queryStats(argument: _xray_app_stats_command_QueryStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  queryStats(argument: _xray_app_stats_command_QueryStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  queryStats(argument: _xray_app_stats_command_QueryStatsRequest, callback: grpc.requestCallback<_xray_app_stats_command_QueryStatsResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface StatsServiceHandlers extends grpc.UntypedServiceImplementation {
  GetSysStats: grpc.handleUnaryCall<_xray_app_stats_command_SysStatsRequest__Output, _xray_app_stats_command_SysStatsResponse>;
  
  QueryStats: grpc.handleUnaryCall<_xray_app_stats_command_QueryStatsRequest__Output, _xray_app_stats_command_QueryStatsResponse>;
  
}

export interface StatsServiceDefinition extends grpc.ServiceDefinition {
  GetSysStats: MethodDefinition<_xray_app_stats_command_SysStatsRequest, _xray_app_stats_command_SysStatsResponse, _xray_app_stats_command_SysStatsRequest__Output, _xray_app_stats_command_SysStatsResponse__Output>
  QueryStats: MethodDefinition<_xray_app_stats_command_QueryStatsRequest, _xray_app_stats_command_QueryStatsResponse, _xray_app_stats_command_QueryStatsRequest__Output, _xray_app_stats_command_QueryStatsResponse__Output>
}
