import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { configMark, markerTag } from '../../../xray/config/index.js';
import type { ActiveCoreConfig } from '../../core/index.js';
import { CoreRefused, type RunningCore } from '../adapters/core-connection.js';
import type { SharedBody } from '../convergence/core-bodies.js';
import { isSameProcess } from '../domain/core-process.js';
import type { StartReason } from '../domain/core-start.js';
import type { NodeState } from '../domain/node-state.js';
import { knownRefusal, newRefusal, type Refusal } from '../domain/refusal.js';
import type { NodeStatus } from '../node.js';
import { AttachedCore, RUNS_WELL } from './attached-core.js';
import type { CoreContext } from './core-context.js';
import type { NodeServices } from './node-services.js';

/**
 * The state of a core that was found running. One that was being started when its owner was lost, or the database, is noted as
 * that start: it would be restarted at once for what it was started for.
 */
export async function noteStarted(
  { services, lease: { grant } }: CoreContext,
  state: NodeState,
  { process, version }: RunningCore,
): Promise<NodeState> {
  if (state.intendedMarker === null || process.marker !== state.intendedMarker) return state;
  await services.runtime.recordIntended(grant, version);
  return services.states.of(grant);
}

/** Takes over a core that runs. Its accounts are compared soon, and its counters go on where they were charged. */
export async function attachFound(
  context: CoreContext,
  state: NodeState,
  found: RunningCore,
): Promise<AttachedCore> {
  const { services } = context;
  const { grant } = context.lease;
  const isNew = !isSameProcess(state.process, found.process);
  const config = await configOf(services, state, found.configMark);
  const { process, version } = found;
  const seen = { process, isNew, version, configVersion: config?.version ?? null };
  const account = await services.runtime.recordFound(grant, seen);
  if (config) {
    const { status, message } = statusOf(state);
    await services.runtime.showStatus(grant, status, { version: found.version, message });
  }
  const place = state.fullSyncNeeded ? await services.changes.horizon() : state;
  const inbounds = config?.inbounds ?? [];
  return new AttachedCore(context, { ...found, account, inbounds, place }, false);
}

/** What is shown of a core that runs one of our configs: what is known against the wanted one, once it answers. */
function statusOf(state: NodeState): { status: NodeStatus; message: string | null } {
  const { appliedConfigVersion: refused, lastGoodConfigVersion: running } = state;
  if (refused !== null && running !== null && refused !== running)
    return { status: 'error', message: knownRefusal(state, refused, running).message };
  return state.status === 'error' ? state : RUNS_WELL;
}

/** A start that the rows ask for. */
interface Start {
  state: NodeState;
  /** Of the config to start with; not the wanted one while that is known to be refused, or held back. */
  version: bigint;
  reason: StartReason;
  /** The core that runs, and is ended by this. */
  former: AttachedCore | undefined;
}

/**
 * Starts a core with all users of this moment, after the end of the former one. If it refuses the config, the last good one
 * is started again. @throws CoreRefused when there is no other
 */
export async function attachStarted(context: CoreContext, start: Start): Promise<AttachedCore> {
  const { state, version, reason, former } = start;
  const { configs } = context.services;
  const { version: wanted } = configs.current();
  const isRefused = version !== wanted && state.appliedConfigVersion === wanted;
  const refusal = isRefused ? knownRefusal(state, wanted, version) : undefined;
  const tried = isRefused ? wanted : version;
  const config = await configs.byVersion(version);
  try {
    return await startCore(context, { state, tried, config, reason, refusal, former });
  } catch (error) {
    const lastGood = state.lastGoodConfigVersion;
    if (!(error instanceof CoreRefused) || lastGood === null || lastGood === version) throw error;
    const met = newRefusal(
      state,
      { refused: version, running: lastGood, words: error.message },
      Math.random(),
    );
    await former?.settle();
    new Logger(`Node ${context.lease.grant.nodeId}`).error(
      `${met.message} (trying v${version} again in ${met.retryAfterSeconds.toFixed(0)} s)`,
    );
    return startCore(context, {
      state,
      tried: version,
      config: await configs.byVersion(lastGood),
      reason: 'refused',
      refusal: met,
      former: undefined,
    });
  }
}

async function startCore(
  context: CoreContext,
  what: {
    state: NodeState;
    /** The version that was tried last, be it refused. */
    tried: bigint;
    config: ActiveCoreConfig;
    reason: StartReason;
    /** Why this is not the one that was tried. */
    refusal: Refusal | undefined;
    former: AttachedCore | undefined;
  },
): Promise<AttachedCore> {
  const { services, lease, connection, signal } = context;
  const { state, tried, config, reason, refusal, former } = what;
  if (!connection.startsCore) throw new Error('A core that somebody else runs is to be started');
  const beforeEnd = async () => {
    await former?.readLast(signal);
    lease.assertHeld(); // all of that took a while
  };
  const marker = markerTag(config.hash, randomBytes(8).toString('hex'));
  const start = async (body: SharedBody) => {
    lease.assertHeld();
    const intended = {
      marker,
      reason,
      generation: state.generation,
      restartGeneration: state.restartGeneration,
      configVersion: tried,
      runningVersion: config.version,
      runningHash: config.hash,
      place: body.place,
      refusal,
    };
    await services.runtime.intendStart(lease.grant, intended);
    const version = await connection
      .restart(body.marked(marker), beforeEnd, signal)
      .finally(() => former?.chargeLast());
    return { started: { ...intended, version }, accounts: body.accounts };
  };
  const { started, accounts } = await services.starts.pass(() => services.bodies.use(config, start), signal);
  await former?.settle(); // if it was not possible at once: no more once this one has an account
  const account = await services.runtime.recordStart(lease.grant, started);
  const { version, place } = started;
  const process = { marker, uptimeSeconds: 0 };
  const { inbounds } = config;
  const running = {
    version,
    process,
    account,
    inbounds,
    configMark: configMark(config.hash),
    place,
    accounts,
  };
  return new AttachedCore(context, running, true);
}

/** The config that a mark stands for: a core runs the wanted one, or the one that was started last. */
async function configOf(
  { configs }: NodeServices,
  state: NodeState,
  mark: string | undefined,
): Promise<ActiveCoreConfig | undefined> {
  const active = configs.current();
  if (mark === configMark(active.hash)) return active;
  for (const version of new Set([state.appliedConfigVersion, state.lastGoodConfigVersion])) {
    if (version === null) continue;
    const config = await configs.byVersion(version).catch(() => undefined);
    if (config && configMark(config.hash) === mark) return config;
  }
  return undefined;
}
