import { describe, expect, it } from 'vitest';
import { xrayForTests } from '../support/xray.js';
import { runChaos } from './chaos.js';

const xray = await xrayForTests();
const { CHAOS_MINUTES: minutes, CHAOS_SEED: seed, CHAOS_NODES: nodes } = process.env;
/** `npm run chaos` sets it; without it, this is one test among others. */
const isLong = minutes !== undefined;
const options = {
  seed: Number(seed ?? Date.now() % 1_000_000),
  nodes: Number(nodes ?? 3),
  milliseconds: Number(minutes ?? 0.4) * 60_000,
  pauseMs: isLong ? 30_000 : 18_000,
  gapMs: isLong ? 2_500 : 1_000,
};

describe.runIf(xray)('whatever goes wrong', () => {
  it(
    'each byte that a core reported is charged once, each user is where it belongs, and no core starts for nothing',
    async () => {
      const say = (text: string) => process.stdout.write(`${text}\n`);
      say(`\nChaos with seed ${options.seed}, ${options.nodes} nodes`);
      expect(await runChaos({ ...options, xray: xray!, tellsAll: isLong, say })).toEqual([]);
    },
    options.milliseconds + 600_000,
  );
});
