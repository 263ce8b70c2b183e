import { CoreError } from '../../../xray/grpc/index.js';
import { type ForeignCore, type FoundForeignCore, HeldByAnother } from '../adapters/core-connection.js';
import { isSameProcess } from '../domain/core-process.js';
import {
  COUNTS_NO_OUTBOUNDS,
  foreignTrouble,
  matchInbounds,
  planForeignCore,
} from '../domain/foreign-core.js';
import { isEnabled, type NodeState } from '../domain/node-state.js';
import { AttachedCore, RUNS_WELL } from './attached-core.js';
import type { CoreContext } from './core-context.js';
import type { CoreSlot } from './core-slot.js';
import { type CoreAccount, cut, type FoundCore } from './node-runtime.repository.js';

/** Attaches to a core that somebody else runs, or leaves it, as the rows ask. Returns whether it is attached anew. */
export async function convergeForeign(
  context: CoreContext,
  slot: CoreSlot,
  connection: ForeignCore,
  state: NodeState,
): Promise<boolean> {
  const { version: configVersion } = context.services.configs.current();
  const step = planForeignCore(
    { enabled: isEnabled(state), restartGeneration: state.restartGeneration, configVersion },
    { restartGeneration: state.appliedRestartGeneration, matchedTo: slot.core?.foreign?.matchedTo },
  );
  if (step === 'nothing') return false;
  if (step === 'withdraw') {
    await leave(context, slot, connection, state);
    return false;
  }
  slot.core = undefined;
  // The same process may be attached to again, and is read anew then: what was read before would be charged after it.
  await slot.settle();
  if (step === 'reconnect') connection.reconnect();
  slot.core = await attachForeign(context, connection, state);
  return true;
}

/** Takes all users off it, once what they used is charged. */
async function leave(
  context: CoreContext,
  slot: CoreSlot,
  connection: ForeignCore,
  state: NodeState,
): Promise<void> {
  if (!slot.core && !(await worksForNode(context, connection))) return;
  slot.core ??= await attachForeign(context, connection, state);
  await slot.stop();
}

/**
 * Takes over a core that somebody else has started. Its users are kept on those inbounds that are what the config says they
 * are; what keeps it from running the wanted config is shown.
 */
async function attachForeign(
  context: CoreContext,
  connection: ForeignCore,
  state: NodeState,
): Promise<AttachedCore> {
  const { services, lease, signal } = context;
  const { configs, runtime, changes } = services;
  const { grant } = lease;
  const wanted = configs.current();
  const found = await observe(context, connection);
  const config = found.configMark === undefined ? undefined : await configs.byMark(found.configMark);
  const match = matchInbounds((config ?? wanted).inbounds, found.inbounds);
  const configVersion = config?.version ?? null;
  const { process, account } = await identify(context, connection, state, { ...found, configVersion });
  // On others nobody would take an account off any more.
  await connection.withdraw(new Set(match.fitting.map(({ tag }) => tag)), signal);
  const { restartGeneration } = state;
  // One that is attached to only to be left is done with once nobody is on it any more, and not before.
  const generation = isEnabled(state) ? state.generation : undefined;
  await runtime.recordForeign(grant, { generation, restartGeneration, config });
  const trouble = foreignTrouble(wanted.version, config?.version, match);
  const shown = trouble === null ? RUNS_WELL : { status: 'error' as const, message: cut(trouble) };
  await runtime.showStatus(grant, shown.status, { version: found.version, message: shown.message });
  const place = state.fullSyncNeeded ? await changes.horizon() : state;
  const foreign = { matchedTo: wanted.version, inbounds: found.inbounds, shown };
  return new AttachedCore(
    context,
    { ...found, process, account, inbounds: match.fitting, place, foreign },
    false,
  );
}

/** Whether the core works for this node, and so may have users of it. */
async function worksForNode(context: CoreContext, connection: ForeignCore): Promise<boolean> {
  try {
    return (await observe(context, connection)).isClaimed;
  } catch (error) {
    if (error instanceof HeldByAnother) return false;
    throw error;
  }
}

function observe({ services, signal }: CoreContext, connection: ForeignCore): Promise<FoundForeignCore> {
  return services.attaches.pass(() => connection.observe(signal), signal);
}

/** The process that was found, and where it is charged. One without a claim of this node gets one. */
async function identify(
  { services, lease, signal }: CoreContext,
  connection: ForeignCore,
  state: NodeState,
  found: FoundForeignCore & { configVersion: bigint | null },
): Promise<{ process: FoundCore['process']; account: CoreAccount }> {
  const { grant } = lease;
  const { version, configVersion } = found;
  if (found.isClaimed) {
    const { process } = found;
    const isNew = !isSameProcess(state.process, process);
    const account = await services.runtime.recordFound(grant, { process, isNew, version, configVersion });
    return { process, account };
  }
  const marker = connection.nextClaim();
  const process = { marker, uptimeSeconds: found.process.uptimeSeconds };
  // What it has counted until now is of others, or was charged for a node that is no more.
  const { users, outbounds } = await connection.counters(signal);
  // A claim would not be seen, so each attempt would leave one more there, and one more process in our rows.
  if (outbounds.size === 0) throw new CoreError('other', COUNTS_NO_OUTBOUNDS);
  const account = await services.runtime.recordFound(grant, { process, isNew: true, version, configVersion });
  const baseline = { grant, coreEpoch: account.coreEpoch };
  await services.usage.beginAt(baseline, users.all(), outbounds);
  lease.assertHeld();
  await connection.claim(marker, signal); // last: if anything fails before, all of it is done anew
  return { process, account };
}
