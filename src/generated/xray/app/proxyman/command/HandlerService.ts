// Original file: proto/xray/app/proxyman/command/command.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AlterInboundRequest as _xray_app_proxyman_command_AlterInboundRequest, AlterInboundRequest__Output as _xray_app_proxyman_command_AlterInboundRequest__Output } from '../../../../xray/app/proxyman/command/AlterInboundRequest.js';
import type { AlterInboundResponse as _xray_app_proxyman_command_AlterInboundResponse, AlterInboundResponse__Output as _xray_app_proxyman_command_AlterInboundResponse__Output } from '../../../../xray/app/proxyman/command/AlterInboundResponse.js';
import type { GetInboundUserRequest as _xray_app_proxyman_command_GetInboundUserRequest, GetInboundUserRequest__Output as _xray_app_proxyman_command_GetInboundUserRequest__Output } from '../../../../xray/app/proxyman/command/GetInboundUserRequest.js';
import type { GetInboundUserResponse as _xray_app_proxyman_command_GetInboundUserResponse, GetInboundUserResponse__Output as _xray_app_proxyman_command_GetInboundUserResponse__Output } from '../../../../xray/app/proxyman/command/GetInboundUserResponse.js';

export interface HandlerServiceClient extends grpc.Client {
  AlterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  AlterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  AlterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  AlterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  alterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  alterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  alterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  alterInbound(argument: _xray_app_proxyman_command_AlterInboundRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_AlterInboundResponse__Output>): grpc.ClientUnaryCall;
  
  GetInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  GetInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  GetInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  GetInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  getInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  getInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  getInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  getInboundUsers(argument: _xray_app_proxyman_command_GetInboundUserRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_GetInboundUserResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface HandlerServiceHandlers extends grpc.UntypedServiceImplementation {
  AlterInbound: grpc.handleUnaryCall<_xray_app_proxyman_command_AlterInboundRequest__Output, _xray_app_proxyman_command_AlterInboundResponse>;
  
  GetInboundUsers: grpc.handleUnaryCall<_xray_app_proxyman_command_GetInboundUserRequest__Output, _xray_app_proxyman_command_GetInboundUserResponse>;
  
}

export interface HandlerServiceDefinition extends grpc.ServiceDefinition {
  AlterInbound: MethodDefinition<_xray_app_proxyman_command_AlterInboundRequest, _xray_app_proxyman_command_AlterInboundResponse, _xray_app_proxyman_command_AlterInboundRequest__Output, _xray_app_proxyman_command_AlterInboundResponse__Output>
  GetInboundUsers: MethodDefinition<_xray_app_proxyman_command_GetInboundUserRequest, _xray_app_proxyman_command_GetInboundUserResponse, _xray_app_proxyman_command_GetInboundUserRequest__Output, _xray_app_proxyman_command_GetInboundUserResponse__Output>
}
