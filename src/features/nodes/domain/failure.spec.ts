import { describe, expect, it } from 'vitest';
import { type Failure, type FailureStep, planDeath, planFailure } from './failure.js';

const core = { what: 'core', message: 'no answer', isLost: false, isSilent: false } as const;
const node = { what: 'node', message: 'no route', mayHang: true, before: 0 } as const;

describe('a failure at a node', () => {
  it.each<[string, Failure, FailureStep]>([
    ['by another process is the end of the core that was known', { what: 'replaced' }, { do: 'drop_core' }],
    ['of one call is tried again', core, { do: 'retry' }],
    ['of a core that has ended is no news', { ...core, isLost: true, isSilent: true }, { do: 'look_again' }],
    [
      'of one call too many gives the core up',
      { ...core, isSilent: true },
      { do: 'drop_core', message: 'Xray does not answer: no answer' },
    ],
    [
      'without a core is waited out',
      node,
      { do: 'back_off', failures: 1, waitSeconds: 0.5, message: 'no route', endsCore: false },
    ],
    [
      'without a core, and again and again, ends one that may hang there',
      { ...node, before: 2 },
      { do: 'back_off', failures: 3, waitSeconds: 2, message: 'no route', endsCore: true },
    ],
    [
      'that is a refusal ends nothing',
      { ...node, mayHang: false, before: 9 },
      { do: 'back_off', failures: 10, waitSeconds: 30, message: 'no route', endsCore: false },
    ],
  ])('%s', (_, failure, step) => expect(planFailure(failure, 0)).toEqual(step));
});

describe('a core that ends by itself', () => {
  it.each([
    ['is started again at once', 0, 10, { crashes: 1, waitSeconds: 0 }],
    ['is waited with when it ends soon, again and again', 3, 10, { crashes: 4, waitSeconds: 2 }],
    ['begins anew when it ran for a minute', 3, 60_001, { crashes: 1, waitSeconds: 0 }],
  ])('%s', (_, before, ranMs, step) => expect(planDeath(before, ranMs, 0)).toEqual(step));
});
