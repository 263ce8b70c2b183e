import type { NodeChange } from './domain/node-modification.js';
import type { Node, NodeSettings, NodeTraffic } from './node.js';
import type { NodeCreateDto, NodeDto, NodeModifyDto, NodeUsageDto } from './nodes.dto.js';

export function fromNodeCreateDto(dto: NodeCreateDto): NodeSettings {
  return {
    name: dto.name,
    address: dto.address,
    port: dto.port,
    apiPort: dto.api_port,
    usageCoefficient: dto.usage_coefficient,
  };
}

export function fromNodeModifyDto(dto: NodeModifyDto): NodeChange {
  return {
    name: dto.name ?? undefined,
    address: dto.address ?? undefined,
    port: dto.port ?? undefined,
    apiPort: dto.api_port ?? undefined,
    usageCoefficient: dto.usage_coefficient || undefined,
    disabled: dto.status === 'disabled',
  };
}

export function toNodeDto(node: Node): NodeDto {
  return {
    name: node.name,
    address: node.address,
    port: node.port,
    api_port: node.apiPort,
    usage_coefficient: node.usageCoefficient,
    id: node.id,
    xray_version: node.status === 'connected' ? node.xrayVersion : null,
    status: node.status,
    message: node.message,
  };
}

export function toNodeUsageDto(traffic: NodeTraffic): NodeUsageDto {
  return {
    node_id: traffic.nodeId,
    node_name: traffic.nodeName,
    uplink: traffic.uplink,
    downlink: traffic.downlink,
  };
}
