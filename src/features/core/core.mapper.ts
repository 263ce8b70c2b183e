import type { ResolvedInbound } from '../../xray/config/index.js';
import type { CoreState } from './core.service.js';
import type { CoreStatsDto, InboundsByProtocol } from './core.dto.js';

export function toCoreStatsDto({ version, started }: CoreState): CoreStatsDto {
  return { version, started, logs_websocket: '/api/core/logs' };
}

/** Protocols in the order of their first inbound. */
export function toInboundsByProtocol(inbounds: readonly ResolvedInbound[]): InboundsByProtocol {
  const byProtocol: InboundsByProtocol = {};
  for (const { tag, protocol, network, tls, port } of inbounds) {
    (byProtocol[protocol] ??= []).push({ tag, protocol, network, tls, port });
  }
  return byProtocol;
}
