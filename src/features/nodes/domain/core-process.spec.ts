import { describe, expect, it } from 'vitest';
import { type CoreProcess, CoreReplaced, isSameProcess, KnownProcess } from './core-process.js';

const MARKER = 'PANEL_CFG_0123456789abcdef_a1';
const aged = (uptimeSeconds: number, marker: string | undefined = MARKER): CoreProcess => ({
  marker,
  uptimeSeconds,
});

describe('the process of a core', () => {
  it.each<[string, CoreProcess | undefined, CoreProcess, boolean]>([
    ['the same while it grows older', aged(3), aged(4), true],
    ['the same within one second', aged(3), aged(3), true],
    ['another one when it is younger', aged(3), aged(2), false],
    ['another one of another start', aged(0), aged(0, 'PANEL_CFG_0123456789abcdef_b2'), false],
    ['another one of the version before', aged(0), aged(9, 'PANEL_CFG_0123456789abcdef'), false],
    ['another one when none was known', undefined, aged(0), false],
    [
      'the same without a marker while it grows older',
      { ...aged(3), marker: undefined },
      { ...aged(4), marker: undefined },
      true,
    ],
  ])('is %s', (_, known, seen, expected) => {
    expect(isSameProcess(known, seen)).toBe(expected);
  });

  it('is compared with what was known when it was asked, for answers overtake each other', async () => {
    const known = new KnownProcess(aged(3));
    let answerFirst!: (answer: { process: CoreProcess }) => void;
    const first = known.ask(
      () => new Promise<{ process: CoreProcess }>((resolve) => (answerFirst = resolve)),
    );
    await known.ask(async () => ({ process: aged(5) }));
    answerFirst({ process: aged(4) });
    await first;
    expect(known.uptimeSeconds).toBe(5);
    await expect(known.ask(async () => ({ process: aged(4) }))).rejects.toThrow(CoreReplaced);
  });
});
