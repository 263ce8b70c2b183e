import { toWireTime } from '../../../shared/domain/time.js';
import { FOREIGN_KINDS } from '../node.js';
import type { CoreStart, FleetState, NodeState, ReplicaState } from './fleet-state.js';
import type { CoreStartDto, FleetStateDto, NodeStateDto, ReplicaStateDto } from './fleet-state.dto.js';

/** `pinning`: whether nodes are held to the certificates they are known by. */
export function toFleetStateDto(state: FleetState, { pinning }: { pinning: boolean }): FleetStateDto {
  return {
    time: toWireTime(state.now),
    nodes: state.nodes.map((node) => toNodeStateDto(node, pinning)),
    replicas: state.replicas.map(toReplicaStateDto),
  };
}

function toNodeStateDto(node: NodeState, pinning: boolean): NodeStateDto {
  return {
    id: node.id,
    name: node.name,
    kind: node.kind,
    status: node.status,
    message: node.message,
    last_status_change: toWireTime(node.statusSince),
    xray_version: node.xrayVersion,
    owner_id: node.lease?.ownerId ?? null,
    owner: node.lease?.ownerName ?? null,
    lease_epoch: node.leaseEpoch,
    lease_age: node.lease?.age ?? null,
    lease_remaining: node.lease?.left ?? null,
    wanted_config_version: node.wantedConfigVersion,
    applied_config_version: node.appliedConfigVersion,
    running_config_version: node.lastGoodConfigVersion,
    config_refusals: node.refusals,
    config_retry_at: time(node.retryRefusedAt),
    generation: node.generation,
    applied_generation: node.appliedGeneration,
    restart_generation: node.restartGeneration,
    applied_restart_generation: node.appliedRestartGeneration,
    lag_changes: node.lag?.rows ?? null,
    lag_seconds: node.lag?.seconds ?? null,
    full_sync_needed: node.fullSyncNeeded,
    pending_users: node.pending,
    last_poll_at: time(node.polledAt),
    last_poll_age: node.pollAge,
    failures: node.failures,
    next_attempt_at: time(node.nextAttemptAt),
    last_error: node.lastError,
    last_error_at: time(node.lastErrorAt),
    core_started_at: time(node.starts[0]?.at ?? null),
    core_starts: toCoreStartDtos(node.starts),
    core_starts_by_reason: node.startsByReason,
    certificate_sha256: node.certificate,
    certificate_pinned: pinning && node.certificate !== null,
    api_tls: FOREIGN_KINDS.includes(node.kind) ? node.apiTls : null,
    trusted_certificates_sha256: node.trustedCertificates,
    client_certificate_sha256: node.clientCertificate,
    has_session: node.hasSession,
    accounts: node.accounts,
    account_operations: node.accountOperations,
    users_seen: node.usersSeen,
    uplink_speed: node.upSpeed,
    downlink_speed: node.downSpeed,
  };
}

/** What was made of lists that are still in use: all starts of hundreds of nodes are told each time. */
const startDtos = new WeakMap<readonly CoreStart[], CoreStartDto[]>();

function toCoreStartDtos(starts: readonly CoreStart[]): CoreStartDto[] {
  let dtos = startDtos.get(starts);
  if (!dtos) {
    dtos = starts.map((start) => ({
      at: toWireTime(start.at),
      reason: start.reason,
      xray_version: start.xrayVersion,
      config_version: start.configVersion === null ? null : Number(start.configVersion),
    }));
    startDtos.set(starts, dtos);
  }
  return dtos;
}

function toReplicaStateDto(replica: ReplicaState): ReplicaStateDto {
  return {
    id: replica.id,
    name: replica.name,
    version: replica.version,
    role: replica.role,
    started_at: toWireTime(replica.startedAt),
    heartbeat_age: replica.heartbeatAge,
    alive: replica.isAlive,
    draining: replica.isDraining,
    leases: replica.leases,
  };
}

function time(at: Date | null): string | null {
  return at && toWireTime(at);
}
