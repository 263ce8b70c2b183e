import { describe, expect, it } from 'vitest';
import {
  heldBack,
  isOfNodeAlone,
  planRollOut,
  type RollOutKind,
  rollOutKind,
  type RollOutNode,
} from './roll-out.js';

const V = 7n;

/** A node that runs v6 and has not tried v7. */
const node = (id: number, facts: Partial<RollOutNode> = {}): RollOutNode => ({
  id,
  name: `N${id}`,
  startingVersion: null,
  triedVersion: 6n,
  lastGoodVersion: 6n,
  refusal: null,
  failures: 0,
  isCaredFor: true,
  ...facts,
});
const runs = { triedVersion: V, lastGoodVersion: V };
const refuses = (refusal: string) => ({ triedVersion: V, refusal });
const PORT = 'listen tcp 0.0.0.0:443: bind: address already in use';
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const fleet = (size: number, facts: (id: number) => Partial<RollOutNode> = () => ({})) =>
  range(1, size).map((id) => node(id, facts(id)));

/** What becomes of the nodes that ask, in this order. */
function ask(
  ids: readonly number[],
  nodes: readonly RollOutNode[],
  {
    kind = 'change',
    version = V,
    here = 1_000,
  }: { kind?: RollOutKind; version?: bigint; here?: number } = {},
): string {
  const requests = ids.map((nodeId) => ({ nodeId, version, kind }));
  const answers = planRollOut(requests, nodes, { version: V, here });
  return ids.map((id) => answers.get(id)!.do).join(' ');
}

describe('another config', () => {
  it('goes to one node first', () => {
    expect(ask([3, 1, 2], fleet(30))).toBe('go wait wait');
    expect(
      ask(
        [1, 2],
        fleet(30, (id) => (id === 9 ? { startingVersion: V } : {})),
      ),
    ).toBe('wait wait');
  });

  it.each([
    [1, 1],
    [2, 1],
    [5, 1],
    [6, 2],
    [30, 10],
    [500, 166],
  ])('then to a third of %i nodes at a time: %i', (size, atATime) => {
    const nodes = fleet(size, (id) => (id === size ? runs : {}));
    const answers = ask(range(1, size), nodes);
    expect(answers.split(' ').filter((answer) => answer === 'go')).toHaveLength(atATime);
  });

  it('goes to no more nodes than may start here, nor than are left of a third', () => {
    const nodes = fleet(30, (id) => (id > 20 ? { startingVersion: V } : id === 1 ? runs : {}));
    expect(ask([2, 3], nodes)).toBe('wait wait');
    expect(ask([21, 2], nodes)).toBe('go wait'); // it has its place, whoever had asked for it
    expect(
      ask(
        [2, 3, 4],
        fleet(30, (id) => (id === 1 ? runs : {})),
        { here: 2 },
      ),
    ).toBe('go go wait');
  });

  it.each<[string, Partial<RollOutNode>]>([
    ['is out of reach', { startingVersion: V, failures: 1 }],
    ['nobody is there for', { startingVersion: V, isCaredFor: false }],
  ])('waits for no node that %s', (_, facts) => {
    expect(
      ask(
        [1, 2],
        fleet(3, (id) => (id === 3 ? facts : {})),
      ),
    ).toBe('go wait');
  });

  it('that is not the active one is waited with', () => {
    expect(ask([1], fleet(3), { version: 6n })).toBe('wait');
    expect(
      planRollOut([{ nodeId: 1, version: V, kind: 'change' }], [], { version: undefined, here: 1 }),
    ).toEqual(new Map([[1, { do: 'wait' }]]));
  });
});

describe('a config that a node refuses', () => {
  const refused = fleet(30, (id) => (id === 9 ? refuses('Failed to start: no such protocol') : {}));

  it('stops at the others, and they are told by whom and why', () => {
    const answers = planRollOut([{ nodeId: 1, version: V, kind: 'change' }], refused, {
      version: V,
      here: 1,
    });
    const objection = { name: 'N9', refusal: 'Failed to start: no such protocol' };
    expect(answers.get(1)).toEqual({ do: 'stop', objection });
    expect(heldBack(V, 6n, objection)).toBe(
      'config v7 held back, running v6: N9 refused it (Failed to start: no such protocol); send another config, or ' +
        'reconnect N9 if the fault was there, or reconnect this node to start v7 here all the same',
    );
    expect(ask([2], refused, { kind: 'start' })).toBe('stop');
  });

  it('is tried again where it was refused, in its turn', () => {
    expect(ask([9], refused, { kind: 'retry' })).toBe('go');
    expect(ask([9], [...refused.slice(0, 29), node(30, { startingVersion: V })], { kind: 'retry' })).toBe(
      'wait',
    );
  });

  it('is no reason against the next one, nor is the refusal of an earlier one', () => {
    const earlier = fleet(3, (id) => (id === 3 ? { triedVersion: 5n, refusal: 'no' } : {}));
    expect(ask([1], earlier)).toBe('go');
    const later = fleet(3, (id) => (id === 3 ? { ...runs, refusal: 'no' } : {}));
    expect(ask([1], later)).toBe('go');
  });

  it('goes on when the reasons are those of one node alone', () => {
    const one = fleet(30, (id) => (id === 9 ? refuses(PORT) : {}));
    expect(ask([1], one)).toBe('go');
    const two = fleet(30, (id) => (id > 28 ? refuses(PORT) : {}));
    expect(ask([1], two)).toBe('stop');
    const others = fleet(30, (id) => (id > 28 ? refuses(PORT) : id === 5 ? runs : {}));
    expect(ask([1], others)).toBe('go');
  });

  it.each([
    [PORT, true],
    ['Failed to start: … > open /usr/share/xray/geosite.dat: no such file or directory', true],
    ['listen tcp 192.0.2.1:443: bind: cannot assign requested address', true],
    ['Failed to start: main: failed to load config files: unknown protocol: nothing', false],
    ['Xray ended at its start without a word', false],
  ])('for a reason of its own or not: %s', (words, isOwn) => expect(isOfNodeAlone(words)).toBe(isOwn));

  it('in many words is shown with the first of them', () => {
    const message = heldBack(V, null, { name: 'N9', refusal: 'x'.repeat(5_000) });
    expect(message.length).toBeLessThan(800);
    expect(message).toMatch(/^config v7 held back: N9 refused it \(x+…\); send another/);
  });
});

describe('a core that does not run', () => {
  it('is started with the new config at once, whoever has the places', () => {
    expect(
      ask(
        [1, 2, 3],
        fleet(9, (id) => (id > 3 ? { startingVersion: V } : {})),
        { kind: 'start', here: 0 },
      ),
    ).toBe('go go go');
  });
});

describe('a start that waits for its turn', () => {
  const state = { lastGoodConfigVersion: 6n, restartGeneration: 1n, appliedRestartGeneration: 1n };
  const step = (reason: 'config' | 'retry' | 'not_running' | 'shut_out' | 'operator', configVersion = V) =>
    ({ do: 'restart', reason, configVersion }) as const;

  it.each([
    ['another config', step('config'), state, 'change'],
    ['a config that was refused', step('retry'), state, 'retry'],
    ['a core that does not run', step('not_running'), state, 'start'],
    ['a core that lets nobody in', step('shut_out'), state, 'start'],
    ['the first core of a node', step('not_running'), { ...state, lastGoodConfigVersion: null }, undefined],
    [
      'a core with the config that it had',
      step('not_running'),
      { ...state, lastGoodConfigVersion: V },
      undefined,
    ],
    ['the last good config', step('config', 6n), state, undefined],
    ["an operator's restart", step('operator'), { ...state, restartGeneration: 2n }, undefined],
    ["an operator's start", step('not_running'), { ...state, restartGeneration: 2n }, undefined],
  ])('%s', (_, restart, facts, kind) => expect(rollOutKind(restart, V, facts)).toBe(kind));
});
