// Original file: proto/xray/app/proxyman/command/command.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AddOutboundRequest as _xray_app_proxyman_command_AddOutboundRequest, AddOutboundRequest__Output as _xray_app_proxyman_command_AddOutboundRequest__Output } from '../../../../xray/app/proxyman/command/AddOutboundRequest.js';
import type { AddOutboundResponse as _xray_app_proxyman_command_AddOutboundResponse, AddOutboundResponse__Output as _xray_app_proxyman_command_AddOutboundResponse__Output } from '../../../../xray/app/proxyman/command/AddOutboundResponse.js';
import type { AlterInboundRequest as _xray_app_proxyman_command_AlterInboundRequest, AlterInboundRequest__Output as _xray_app_proxyman_command_AlterInboundRequest__Output } from '../../../../xray/app/proxyman/command/AlterInboundRequest.js';
import type { AlterInboundResponse as _xray_app_proxyman_command_AlterInboundResponse, AlterInboundResponse__Output as _xray_app_proxyman_command_AlterInboundResponse__Output } from '../../../../xray/app/proxyman/command/AlterInboundResponse.js';
import type { GetInboundUserRequest as _xray_app_proxyman_command_GetInboundUserRequest, GetInboundUserRequest__Output as _xray_app_proxyman_command_GetInboundUserRequest__Output } from '../../../../xray/app/proxyman/command/GetInboundUserRequest.js';
import type { GetInboundUserResponse as _xray_app_proxyman_command_GetInboundUserResponse, GetInboundUserResponse__Output as _xray_app_proxyman_command_GetInboundUserResponse__Output } from '../../../../xray/app/proxyman/command/GetInboundUserResponse.js';
import type { ListInboundsRequest as _xray_app_proxyman_command_ListInboundsRequest, ListInboundsRequest__Output as _xray_app_proxyman_command_ListInboundsRequest__Output } from '../../../../xray/app/proxyman/command/ListInboundsRequest.js';
import type { ListInboundsResponse as _xray_app_proxyman_command_ListInboundsResponse, ListInboundsResponse__Output as _xray_app_proxyman_command_ListInboundsResponse__Output } from '../../../../xray/app/proxyman/command/ListInboundsResponse.js';

export interface HandlerServiceClient extends grpc.Client {
  AddOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  AddOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  AddOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  AddOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  addOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  addOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  addOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  addOutbound(argument: _xray_app_proxyman_command_AddOutboundRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_AddOutboundResponse__Output>): grpc.ClientUnaryCall;
  
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
  
  ListInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  ListInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  ListInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  ListInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  listInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  listInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  listInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  listInbounds(argument: _xray_app_proxyman_command_ListInboundsRequest, callback: grpc.requestCallback<_xray_app_proxyman_command_ListInboundsResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface HandlerServiceHandlers extends grpc.UntypedServiceImplementation {
  AddOutbound: grpc.handleUnaryCall<_xray_app_proxyman_command_AddOutboundRequest__Output, _xray_app_proxyman_command_AddOutboundResponse>;
  
  AlterInbound: grpc.handleUnaryCall<_xray_app_proxyman_command_AlterInboundRequest__Output, _xray_app_proxyman_command_AlterInboundResponse>;
  
  GetInboundUsers: grpc.handleUnaryCall<_xray_app_proxyman_command_GetInboundUserRequest__Output, _xray_app_proxyman_command_GetInboundUserResponse>;
  
  ListInbounds: grpc.handleUnaryCall<_xray_app_proxyman_command_ListInboundsRequest__Output, _xray_app_proxyman_command_ListInboundsResponse>;
  
}

export interface HandlerServiceDefinition extends grpc.ServiceDefinition {
  AddOutbound: MethodDefinition<_xray_app_proxyman_command_AddOutboundRequest, _xray_app_proxyman_command_AddOutboundResponse, _xray_app_proxyman_command_AddOutboundRequest__Output, _xray_app_proxyman_command_AddOutboundResponse__Output>
  AlterInbound: MethodDefinition<_xray_app_proxyman_command_AlterInboundRequest, _xray_app_proxyman_command_AlterInboundResponse, _xray_app_proxyman_command_AlterInboundRequest__Output, _xray_app_proxyman_command_AlterInboundResponse__Output>
  GetInboundUsers: MethodDefinition<_xray_app_proxyman_command_GetInboundUserRequest, _xray_app_proxyman_command_GetInboundUserResponse, _xray_app_proxyman_command_GetInboundUserRequest__Output, _xray_app_proxyman_command_GetInboundUserResponse__Output>
  ListInbounds: MethodDefinition<_xray_app_proxyman_command_ListInboundsRequest, _xray_app_proxyman_command_ListInboundsResponse, _xray_app_proxyman_command_ListInboundsRequest__Output, _xray_app_proxyman_command_ListInboundsResponse__Output>
}
