import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AddOutboundRequest as _xray_app_proxyman_command_AddOutboundRequest, AddOutboundRequest__Output as _xray_app_proxyman_command_AddOutboundRequest__Output } from './xray/app/proxyman/command/AddOutboundRequest.js';
import type { AddOutboundResponse as _xray_app_proxyman_command_AddOutboundResponse, AddOutboundResponse__Output as _xray_app_proxyman_command_AddOutboundResponse__Output } from './xray/app/proxyman/command/AddOutboundResponse.js';
import type { AddUserOperation as _xray_app_proxyman_command_AddUserOperation, AddUserOperation__Output as _xray_app_proxyman_command_AddUserOperation__Output } from './xray/app/proxyman/command/AddUserOperation.js';
import type { AlterInboundRequest as _xray_app_proxyman_command_AlterInboundRequest, AlterInboundRequest__Output as _xray_app_proxyman_command_AlterInboundRequest__Output } from './xray/app/proxyman/command/AlterInboundRequest.js';
import type { AlterInboundResponse as _xray_app_proxyman_command_AlterInboundResponse, AlterInboundResponse__Output as _xray_app_proxyman_command_AlterInboundResponse__Output } from './xray/app/proxyman/command/AlterInboundResponse.js';
import type { GetInboundUserRequest as _xray_app_proxyman_command_GetInboundUserRequest, GetInboundUserRequest__Output as _xray_app_proxyman_command_GetInboundUserRequest__Output } from './xray/app/proxyman/command/GetInboundUserRequest.js';
import type { GetInboundUserResponse as _xray_app_proxyman_command_GetInboundUserResponse, GetInboundUserResponse__Output as _xray_app_proxyman_command_GetInboundUserResponse__Output } from './xray/app/proxyman/command/GetInboundUserResponse.js';
import type { HandlerServiceClient as _xray_app_proxyman_command_HandlerServiceClient, HandlerServiceDefinition as _xray_app_proxyman_command_HandlerServiceDefinition } from './xray/app/proxyman/command/HandlerService.js';
import type { ListInboundsRequest as _xray_app_proxyman_command_ListInboundsRequest, ListInboundsRequest__Output as _xray_app_proxyman_command_ListInboundsRequest__Output } from './xray/app/proxyman/command/ListInboundsRequest.js';
import type { ListInboundsResponse as _xray_app_proxyman_command_ListInboundsResponse, ListInboundsResponse__Output as _xray_app_proxyman_command_ListInboundsResponse__Output } from './xray/app/proxyman/command/ListInboundsResponse.js';
import type { RemoveUserOperation as _xray_app_proxyman_command_RemoveUserOperation, RemoveUserOperation__Output as _xray_app_proxyman_command_RemoveUserOperation__Output } from './xray/app/proxyman/command/RemoveUserOperation.js';
import type { QueryStatsRequest as _xray_app_stats_command_QueryStatsRequest, QueryStatsRequest__Output as _xray_app_stats_command_QueryStatsRequest__Output } from './xray/app/stats/command/QueryStatsRequest.js';
import type { QueryStatsResponse as _xray_app_stats_command_QueryStatsResponse, QueryStatsResponse__Output as _xray_app_stats_command_QueryStatsResponse__Output } from './xray/app/stats/command/QueryStatsResponse.js';
import type { Stat as _xray_app_stats_command_Stat, Stat__Output as _xray_app_stats_command_Stat__Output } from './xray/app/stats/command/Stat.js';
import type { StatsServiceClient as _xray_app_stats_command_StatsServiceClient, StatsServiceDefinition as _xray_app_stats_command_StatsServiceDefinition } from './xray/app/stats/command/StatsService.js';
import type { SysStatsRequest as _xray_app_stats_command_SysStatsRequest, SysStatsRequest__Output as _xray_app_stats_command_SysStatsRequest__Output } from './xray/app/stats/command/SysStatsRequest.js';
import type { SysStatsResponse as _xray_app_stats_command_SysStatsResponse, SysStatsResponse__Output as _xray_app_stats_command_SysStatsResponse__Output } from './xray/app/stats/command/SysStatsResponse.js';
import type { User as _xray_common_protocol_User, User__Output as _xray_common_protocol_User__Output } from './xray/common/protocol/User.js';
import type { TypedMessage as _xray_common_serial_TypedMessage, TypedMessage__Output as _xray_common_serial_TypedMessage__Output } from './xray/common/serial/TypedMessage.js';
import type { InboundHandlerConfig as _xray_core_InboundHandlerConfig, InboundHandlerConfig__Output as _xray_core_InboundHandlerConfig__Output } from './xray/core/InboundHandlerConfig.js';
import type { OutboundHandlerConfig as _xray_core_OutboundHandlerConfig, OutboundHandlerConfig__Output as _xray_core_OutboundHandlerConfig__Output } from './xray/core/OutboundHandlerConfig.js';
import type { Account as _xray_proxy_shadowsocks_Account, Account__Output as _xray_proxy_shadowsocks_Account__Output } from './xray/proxy/shadowsocks/Account.js';
import type { Account as _xray_proxy_shadowsocks_2022_Account, Account__Output as _xray_proxy_shadowsocks_2022_Account__Output } from './xray/proxy/shadowsocks_2022/Account.js';
import type { MultiUserServerConfig as _xray_proxy_shadowsocks_2022_MultiUserServerConfig, MultiUserServerConfig__Output as _xray_proxy_shadowsocks_2022_MultiUserServerConfig__Output } from './xray/proxy/shadowsocks_2022/MultiUserServerConfig.js';
import type { Account as _xray_proxy_trojan_Account, Account__Output as _xray_proxy_trojan_Account__Output } from './xray/proxy/trojan/Account.js';
import type { Account as _xray_proxy_vless_Account, Account__Output as _xray_proxy_vless_Account__Output } from './xray/proxy/vless/Account.js';
import type { Account as _xray_proxy_vmess_Account, Account__Output as _xray_proxy_vmess_Account__Output } from './xray/proxy/vmess/Account.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  xray: {
    app: {
      proxyman: {
        command: {
          AddOutboundRequest: MessageTypeDefinition<_xray_app_proxyman_command_AddOutboundRequest, _xray_app_proxyman_command_AddOutboundRequest__Output>
          AddOutboundResponse: MessageTypeDefinition<_xray_app_proxyman_command_AddOutboundResponse, _xray_app_proxyman_command_AddOutboundResponse__Output>
          AddUserOperation: MessageTypeDefinition<_xray_app_proxyman_command_AddUserOperation, _xray_app_proxyman_command_AddUserOperation__Output>
          AlterInboundRequest: MessageTypeDefinition<_xray_app_proxyman_command_AlterInboundRequest, _xray_app_proxyman_command_AlterInboundRequest__Output>
          AlterInboundResponse: MessageTypeDefinition<_xray_app_proxyman_command_AlterInboundResponse, _xray_app_proxyman_command_AlterInboundResponse__Output>
          GetInboundUserRequest: MessageTypeDefinition<_xray_app_proxyman_command_GetInboundUserRequest, _xray_app_proxyman_command_GetInboundUserRequest__Output>
          GetInboundUserResponse: MessageTypeDefinition<_xray_app_proxyman_command_GetInboundUserResponse, _xray_app_proxyman_command_GetInboundUserResponse__Output>
          HandlerService: SubtypeConstructor<typeof grpc.Client, _xray_app_proxyman_command_HandlerServiceClient> & { service: _xray_app_proxyman_command_HandlerServiceDefinition }
          ListInboundsRequest: MessageTypeDefinition<_xray_app_proxyman_command_ListInboundsRequest, _xray_app_proxyman_command_ListInboundsRequest__Output>
          ListInboundsResponse: MessageTypeDefinition<_xray_app_proxyman_command_ListInboundsResponse, _xray_app_proxyman_command_ListInboundsResponse__Output>
          RemoveUserOperation: MessageTypeDefinition<_xray_app_proxyman_command_RemoveUserOperation, _xray_app_proxyman_command_RemoveUserOperation__Output>
        }
      }
      stats: {
        command: {
          QueryStatsRequest: MessageTypeDefinition<_xray_app_stats_command_QueryStatsRequest, _xray_app_stats_command_QueryStatsRequest__Output>
          QueryStatsResponse: MessageTypeDefinition<_xray_app_stats_command_QueryStatsResponse, _xray_app_stats_command_QueryStatsResponse__Output>
          Stat: MessageTypeDefinition<_xray_app_stats_command_Stat, _xray_app_stats_command_Stat__Output>
          StatsService: SubtypeConstructor<typeof grpc.Client, _xray_app_stats_command_StatsServiceClient> & { service: _xray_app_stats_command_StatsServiceDefinition }
          SysStatsRequest: MessageTypeDefinition<_xray_app_stats_command_SysStatsRequest, _xray_app_stats_command_SysStatsRequest__Output>
          SysStatsResponse: MessageTypeDefinition<_xray_app_stats_command_SysStatsResponse, _xray_app_stats_command_SysStatsResponse__Output>
        }
      }
    }
    common: {
      protocol: {
        User: MessageTypeDefinition<_xray_common_protocol_User, _xray_common_protocol_User__Output>
      }
      serial: {
        TypedMessage: MessageTypeDefinition<_xray_common_serial_TypedMessage, _xray_common_serial_TypedMessage__Output>
      }
    }
    core: {
      InboundHandlerConfig: MessageTypeDefinition<_xray_core_InboundHandlerConfig, _xray_core_InboundHandlerConfig__Output>
      OutboundHandlerConfig: MessageTypeDefinition<_xray_core_OutboundHandlerConfig, _xray_core_OutboundHandlerConfig__Output>
    }
    proxy: {
      shadowsocks: {
        Account: MessageTypeDefinition<_xray_proxy_shadowsocks_Account, _xray_proxy_shadowsocks_Account__Output>
        CipherType: EnumTypeDefinition
      }
      shadowsocks_2022: {
        Account: MessageTypeDefinition<_xray_proxy_shadowsocks_2022_Account, _xray_proxy_shadowsocks_2022_Account__Output>
        MultiUserServerConfig: MessageTypeDefinition<_xray_proxy_shadowsocks_2022_MultiUserServerConfig, _xray_proxy_shadowsocks_2022_MultiUserServerConfig__Output>
      }
      trojan: {
        Account: MessageTypeDefinition<_xray_proxy_trojan_Account, _xray_proxy_trojan_Account__Output>
      }
      vless: {
        Account: MessageTypeDefinition<_xray_proxy_vless_Account, _xray_proxy_vless_Account__Output>
      }
      vmess: {
        Account: MessageTypeDefinition<_xray_proxy_vmess_Account, _xray_proxy_vmess_Account__Output>
      }
    }
  }
}

