import type { NodeState } from './node-state.js';
import type { CoreStep } from './plan.js';

/** So many nodes may change to another config at a time, once one of them runs it: every third. */
const SHARE = 3;
/** Nobody may be there for a node for so long: its owner died, and the next one is about to come. */
export const SUCCESSION_SECONDS = 30;

/**
 * What a node wants of a roll-out: to `change` from a config that runs to another one; to `retry` the one it refused; to
 * `start` a core that does not run, which cuts off nobody.
 */
export type RollOutKind = 'change' | 'retry' | 'start';

export interface RollOutRequest {
  nodeId: number;
  version: bigint;
  kind: RollOutKind;
}

/** A node as far as roll-outs are concerned: one whose core is started with what it is given. */
export interface RollOutNode {
  id: number;
  name: string;
  /** The version that it may change to, and has neither taken nor refused yet. */
  startingVersion: bigint | null;
  /** The version that was tried last, the last one that ran, and what the core had against the former. */
  triedVersion: bigint | null;
  lastGoodVersion: bigint | null;
  refusal: string | null;
  /** In a row. */
  failures: number;
  /** Whether somebody works on it, or will do so soon. */
  isCaredFor: boolean;
}

/** Which node has refused the config, and with which words. */
export interface Objection {
  name: string;
  refusal: string;
}

export type Admission = { do: 'go' } | { do: 'wait' } | { do: 'stop'; objection: Objection };

/**
 * Whether a step belongs to a roll-out. An operator's word does not wait, and the last good config is none that anything
 * could be learnt about.
 */
export function rollOutKind(
  step: Extract<CoreStep, { do: 'restart' }>,
  wanted: bigint,
  state: Pick<NodeState, 'lastGoodConfigVersion' | 'restartGeneration' | 'appliedRestartGeneration'>,
): RollOutKind | undefined {
  const { lastGoodConfigVersion: lastGood, restartGeneration, appliedRestartGeneration } = state;
  if (restartGeneration !== appliedRestartGeneration || step.configVersion !== wanted) return undefined;
  if (step.reason === 'config') return 'change';
  if (step.reason === 'retry') return 'retry';
  return lastGood !== null && lastGood !== wanted ? 'start' : undefined;
}

/**
 * Who of those that ask may start on `version`, the active one, and at most so many of those who ask `here`. One node goes
 * first; when it runs the config, a third of all at a time follows. Whatever one node has against the config stops the
 * others, unless it is about that node alone. Nodes that are out of reach take nobody's place.
 */
export function planRollOut(
  requests: readonly RollOutRequest[],
  nodes: readonly RollOutNode[],
  { version, here }: { version: bigint | undefined; here: number },
): Map<number, Admission> {
  const answers = new Map<number, Admission>(requests.map(({ nodeId }) => [nodeId, { do: 'wait' }]));
  if (version === undefined) return answers;
  const isProven = nodes.some(({ lastGoodVersion }) => lastGoodVersion === version);
  const objection = objectionTo(version, nodes, isProven);
  const third = Math.floor(nodes.filter(({ isCaredFor }) => isCaredFor).length / SHARE);
  const places = isProven ? Math.max(1, third) : 1;
  const taken = new Set(nodes.filter((node) => isUnderWay(node, version)).map(({ id }) => id));
  let left = here;
  for (const { nodeId, kind, version: wanted } of requests) {
    if (wanted !== version) continue; // who asks has not heard of the active one yet, or we have not
    const hasPlace = left > 0 && (taken.has(nodeId) || taken.size < places);
    if (objection && kind !== 'retry') answers.set(nodeId, { do: 'stop', objection });
    else if (kind === 'start' || hasPlace) {
      answers.set(nodeId, { do: 'go' });
      taken.add(nodeId);
      left--;
    }
  }
  return answers;
}

/** A place that is noted beside the running version is one that the version before this service has not cleared. */
function isUnderWay(node: RollOutNode, version: bigint): boolean {
  const { startingVersion, lastGoodVersion, failures, isCaredFor } = node;
  return startingVersion !== null && lastGoodVersion !== version && failures === 0 && isCaredFor;
}

/** Two nodes with troubles of their own are none by chance, as long as there is no node that takes the config. */
function objectionTo(
  version: bigint,
  nodes: readonly RollOutNode[],
  isProven: boolean,
): Objection | undefined {
  const refusing = nodes.flatMap(({ name, refusal, triedVersion, lastGoodVersion }) =>
    refusal !== null && triedVersion === version && lastGoodVersion !== version ? [{ name, refusal }] : [],
  );
  const general = refusing.find(({ refusal }) => !isOfNodeAlone(refusal));
  if (general) return general;
  return refusing.length > 1 && !isProven ? refusing[0] : undefined;
}

/** Whether a core's words are about the machine that it runs on. */
export function isOfNodeAlone(refusal: string): boolean {
  return NODE_ALONE.test(refusal);
}

/** The system's words, which Xray passes on: for ports and addresses, rights, and files such as geosite.dat. */
const NODE_ALONE =
  /address already in use|cannot assign requested address|permission denied|operation not permitted|no such file or directory|no space left on device|too many open files|cannot allocate memory/i;

const MAX_WORDS = 400;

/** What is shown at a node that keeps its config because of another node. */
export function heldBack(version: bigint, running: bigint | null, { name, refusal }: Objection): string {
  const words = refusal.length > MAX_WORDS ? `${refusal.slice(0, MAX_WORDS)}…` : refusal;
  const what = `${heldBackBeginning(version)}${running === null ? '' : `, running v${running}`}`;
  return (
    `${what}: ${name} refused it (${words}); send another config, or reconnect ${name} if the fault was there, ` +
    `or reconnect this node to start v${version} here all the same`
  );
}

/** What such a text begins with. */
export function heldBackBeginning(version: bigint): string {
  return `config v${version} held back`;
}
