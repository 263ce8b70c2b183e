import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreError, type XrayClient } from '../../../../xray/grpc/index.js';
import { CoreApi } from '../core-api.js';
import { HeldByAnother, type RunningCore } from '../core-connection.js';

/** A core that was told to end may answer for a moment more. */
const END_MS = 2_000;
const LOOK_MS = 200;

/** What is to be done about a core that goes on although its agent ended, and of which no agent knows any more. */
export function leftOver(where: string): string {
  return (
    `an Xray runs on the node that its agent does not know of, as the agent ended without it (${where} answers); ` +
    'end it there, e.g. by pkill xray or a restart of the machine, and this service has another one started'
  );
}

/** The core behind the API of a node whose agent runs none: that of this node, by its marker. @throws HeldByAnother for any other */
export async function findLeftCore(
  client: XrayClient,
  { marker, version, where }: { marker: string | null; version: string; where: string },
  signal: AbortSignal,
): Promise<RunningCore | undefined> {
  let found: RunningCore;
  try {
    found = await new CoreApi(client).observe(version, signal);
  } catch (error) {
    if (!(error instanceof CoreError) || signal.aborted) throw error;
    return undefined; // as it should be
  }
  if (marker === null || found.process.marker !== marker) throw new HeldByAnother(leftOver(where));
  return found;
}

/** @throws CoreError when a core goes on, beside which another one would share its ports */
export async function assertNoneLeft(client: XrayClient, where: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + END_MS;
  const answers = () =>
    client.sysStats(signal).then(
      () => true,
      () => false,
    );
  while (await answers()) {
    if (performance.now() > deadline) throw new CoreError('other', leftOver(where));
    await sleep(LOOK_MS, undefined, { signal });
  }
}
