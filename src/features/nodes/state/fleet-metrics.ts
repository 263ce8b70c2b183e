import { CERTIFICATE_CHANGED } from '../domain/certificate-changed.js';
import { START_REASONS } from '../domain/core-start.js';
import type { FleetState, NodeState } from './fleet-state.js';

/** One number with its name and labels, as metrics are exported. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The state of nodes and replicas as numbers, the same from each replica. Absent is what nobody knows. */
export function fleetSamples({ nodes, replicas, heldBackSeconds }: FleetState): Sample[] {
  const alive = replicas.filter(({ isAlive }) => isAlive);
  return [
    { name: 'margrave_replicas', labels: {}, value: alive.length },
    { name: 'margrave_user_changes_oldest_seconds', labels: {}, value: heldBackSeconds },
    ...nodes.flatMap(nodeSamples),
  ];
}

/** How many nodes a replica works on. */
export function leasesHeld({ replicas }: FleetState, replicaId: string): Sample {
  const value = replicas.find(({ id }) => id === replicaId)?.leases ?? 0;
  return { name: 'margrave_leases_held', labels: { kind: 'node' }, value };
}

const OPERATIONS = [
  ['added', 'add', 'ok'],
  ['add_failed', 'add', 'failed'],
  ['removed', 'remove', 'ok'],
  ['remove_failed', 'remove', 'failed'],
] as const;

function nodeSamples(node: NodeState): Sample[] {
  const labels = { node_id: String(node.id), node_name: node.name };
  const sample = (name: string, value: number | bigint | undefined | null, more = {}): Sample[] =>
    value === undefined || value === null
      ? []
      : [{ name: `margrave_node_${name}`, labels: { ...labels, ...more }, value: Number(value) }];
  return [
    ...sample('info', 1, { kind: node.kind, core_version: node.xrayVersion ?? '' }),
    // A node that is not to be connected is no alarm.
    ...sample('connected', node.status === 'disabled' ? undefined : node.status === 'connected' ? 1 : 0),
    ...sample('last_poll_timestamp_seconds', node.polledAt && node.polledAt.getTime() / 1000),
    ...sample('sync_lag_seconds', node.lag?.seconds),
    ...sample('sync_lag_changes', node.lag?.rows),
    ...sample('dirty_users', node.pending),
    ...sample('accounts', node.accounts),
    ...OPERATIONS.flatMap(([name, operation, result]) =>
      sample('account_operations_total', node.accountOperations?.[name], { operation, result }),
    ),
    ...sample('users_seen', node.usersSeen),
    ...sample('failures', node.failures),
    ...sample('config_refusals', node.refusals),
    ...sample('certificate_changed', node.message?.startsWith(CERTIFICATE_CHANGED) ? 1 : 0),
    ...sample('lease_epoch', node.leaseEpoch),
    ...sample('owned', node.lease ? 1 : 0),
    ...START_REASONS.flatMap((reason) =>
      sample('core_starts_total', node.startsByReason[reason] ?? 0, { reason }),
    ),
  ];
}
