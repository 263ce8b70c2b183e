import { expect, it } from 'vitest';
import { CERTIFICATE_CHANGED } from '../domain/certificate-changed.js';
import { fleetSamples } from './fleet-metrics.js';
import { type FleetFacts, fleetState, type NodeFacts } from './fleet-state.js';

const now = new Date('2026-01-01T00:00:00Z');

const node = (id: number, message: string | null): NodeFacts => ({
  id,
  name: `node ${id}`,
  kind: 'marzban_node',
  status: message === null ? 'connected' : 'error',
  message,
  xrayVersion: null,
  statusSince: now,
  generation: 1n,
  appliedGeneration: 1n,
  restartGeneration: 1n,
  appliedRestartGeneration: 1n,
  appliedConfigVersion: 1n,
  lastGoodConfigVersion: 1n,
  refusals: 0,
  retryRefusedAt: null,
  fullSyncNeeded: false,
  failures: 0,
  nextAttemptAt: now,
  lastError: null,
  lastErrorAt: null,
  coreEpoch: 1n,
  startsByReason: {},
  certificate: null,
  apiTls: 'verify',
  trustedCertificates: [],
  clientCertificate: null,
  hasSession: true,
  leaseEpoch: 1n,
  acquiredAt: null,
  leasedUntil: null,
  ownerId: null,
  ownerName: null,
  polledAt: null,
  pending: null,
  accounts: null,
  accountOperations: null,
  usersSeen: null,
  upSpeed: null,
  downSpeed: null,
});

const facts: FleetFacts = {
  now,
  configVersion: 1n,
  heldBackSince: null,
  nodes: [],
  lags: new Map(),
  starts: new Map(),
  replicas: [],
};

const values = (of: Partial<FleetFacts>, name: string) =>
  fleetSamples(fleetState({ ...facts, ...of }))
    .filter((sample) => sample.name === `margrave_${name}`)
    .map(({ value }) => value);

it('tells of nodes that show another certificate than they are known by', () => {
  const nodes = [node(1, null), node(2, `${CERTIFICATE_CHANGED} (SHA-256 …)`), node(3, 'cannot be reached')];
  expect(values({ nodes }, 'node_certificate_changed')).toEqual([0, 1, 0]);
});

it('tells for how long a transaction has held back changes of users', () => {
  expect(values({}, 'user_changes_oldest_seconds')).toEqual([0]);
  const heldBackSince = new Date(now.getTime() - 61_500);
  expect(values({ heldBackSince }, 'user_changes_oldest_seconds')).toEqual([61.5]);
});

it('counts accounts, and what calls about them came to, of nodes that somebody works on', () => {
  const known = {
    accounts: 7,
    accountOperations: { added: 5, add_failed: 1, removed: 2, remove_failed: 0 },
  };
  const owned = { ownerId: 'a', acquiredAt: now, leasedUntil: new Date(now.getTime() + 1) };
  const nodes = [{ ...node(1, null), ...known, ...owned }, { ...node(2, null), ...known }, node(3, null)];
  expect(values({ nodes }, 'node_accounts')).toEqual([7]);
  const samples = fleetSamples(fleetState({ ...facts, nodes }));
  const operations = samples.filter(({ name }) => name === 'margrave_node_account_operations_total');
  expect(
    operations.map(({ labels, value }) => [labels.node_id, labels.operation, labels.result, value]),
  ).toEqual([
    ['1', 'add', 'ok', 5],
    ['1', 'add', 'failed', 1],
    ['1', 'remove', 'ok', 2],
    ['1', 'remove', 'failed', 0],
  ]);
});
