import type { NodeChange } from './domain/node-modification.js';
import type { NewNode, Node, NodeTraffic } from './node.js';
import type { NodeCreateDto, NodeDto, NodeModifyDto, NodeUsageDto } from './nodes.dto.js';

export function fromNodeCreateDto(dto: NodeCreateDto): NewNode {
  return {
    kind: dto.kind,
    name: dto.name,
    address: dto.address,
    port: dto.port,
    apiPort: dto.api_port,
    usageCoefficient: dto.usage_coefficient,
    apiTls: dto.api_tls,
    apiServerName: dto.api_server_name || null,
    apiCaCertificate: dto.api_ca_certificate || null,
    apiClientCertificate: dto.api_client_certificate || null,
    clientKey: dto.api_client_key || null,
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
    apiTls: dto.api_tls ?? undefined,
    apiServerName: orNone(dto.api_server_name),
    apiCaCertificate: orNone(dto.api_ca_certificate),
    apiClientCertificate: orNone(dto.api_client_certificate),
    clientKey: orNone(dto.api_client_key),
  };
}

/** Empty removes a text; null and nothing leave it alone. */
function orNone(text: string | null | undefined): string | null | undefined {
  return text === '' ? null : (text ?? undefined);
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
