import { describe, expect, it } from 'vitest';
import type { CoreRun } from './chaos-node.js';
import type { Reading } from './counter-relay.js';
import { type Facts, makeLedger } from './ledger.js';

const NODE = 1;

/** A process that was started at 0 and killed at 10,000, after it said 100 bytes at 2,000 and 300 at 4,000. */
function facts({ charged, ...more }: Partial<Omit<Facts, 'charged'>> & { charged: bigint }): Facts {
  const run = {
    marker: 'M1',
    configMark: 'A',
    pid: 11,
    startedAt: 0,
    end: 'killed',
    endedAt: 10_000,
  } as const;
  return {
    nodes: [node([run, { ...run, marker: 'M2', pid: 12, end: undefined, endedAt: undefined }])],
    accounts: [account('M1', 1n, 500), account('M2', 2n, 12_000)],
    charged: [{ nodeId: NODE, coreEpoch: 1n, userId: 7, tag: null, up: charged, down: 0n }],
    userIds: new Set([7]),
    handovers: [],
    faults: [],
    ...more,
  };
}

function node(runs: readonly CoreRun[], restarts = 0): Facts['nodes'][number] {
  const readings = [reading(100n, 2_000), reading(300n, 4_000)];
  return {
    id: NODE,
    name: 'node 1',
    runs,
    restarts,
    readings: (marker, of) => (marker === 'M1' && of === 'user' ? readings : []),
  };
}

function account(marker: string, coreEpoch: bigint, at: number): Facts['accounts'][number] {
  return { nodeId: NODE, coreEpoch, marker, at, reason: 'died' };
}

function reading(up: bigint, at: number): Reading {
  return { of: 'user', values: new Map([['7.a', { up, down: 0n }]]), at, completeAt: at, isDoubtful: false };
}

describe('the ledger of chaos', () => {
  it('finds nothing wrong when what was read last is charged', () => {
    const { lines, problems } = makeLedger(facts({ charged: 300n }));
    expect(problems).toEqual([]);
    expect(lines.map(({ users }) => users)).toEqual([
      { reported: 300n, charged: 300n },
      { reported: 0n, charged: 0n },
    ]);
  });

  it.each([
    ['too little', 100n, '200 bytes of 1 readings not charged (read 6.0 s before its end)'],
    ['what no reading said', 200n, '200 bytes charged, which no reading said'],
    ['a reading twice', 600n, '600 bytes charged, which no reading said'],
  ])('objects to a charge of %s', (_, charged, problem) => {
    expect(makeLedger(facts({ charged })).problems).toEqual([
      expect.stringContaining(`node 1, process 11: users: ${problem}`),
    ]);
  });

  it('excuses what was read by somebody who lost the node before the account was closed', () => {
    const lost = (at: number) =>
      makeLedger(facts({ charged: 100n, handovers: [{ nodeId: NODE, at }] })).problems;
    expect(lost(5_000)).toEqual([]);
    expect(lost(3_000)).toHaveLength(1); // before it was read
    expect(lost(13_000)).toHaveLength(1); // too late to be the reason
  });

  it('objects to an account too many, and to one for a core that never ran', () => {
    const accounts = [
      account('M1', 1n, 500),
      account('M1', 2n, 600),
      account('M2', 3n, 12_000),
      account('M3', 4n, 13_000),
    ];
    expect(makeLedger(facts({ charged: 300n, accounts })).problems).toEqual([
      'node 1, process 11: has 2 accounts',
      'node 1: an account for M3, which never ran',
    ]);
  });

  it.each<[string, Partial<CoreRun>, Partial<CoreRun>, number, string | undefined]>([
    ['a kill', { end: 'killed' }, {}, 0, 'the Xray before was killed'],
    ['a restart of the agent', { end: 'agent restarted' }, {}, 0, 'the agent was restarted'],
    ['another config', { end: 'replaced' }, { configMark: 'B' }, 0, 'another config'],
    ['an operator', { end: 'replaced' }, {}, 1, 'it was asked for'],
    ['nothing', { end: 'replaced' }, {}, 0, undefined],
  ])('explains a start by %s', (_, before, after, restarts, cause) => {
    const [first, second] = facts({ charged: 300n }).nodes[0]!.runs as [CoreRun, CoreRun];
    const nodes = [
      node(
        [
          { ...first, ...before },
          { ...second, ...after },
        ],
        restarts,
      ),
    ];
    const { lines, problems } = makeLedger(facts({ charged: 300n, nodes }));
    expect(lines.map((line) => line.cause)).toEqual(['the node was added', cause]);
    expect(problems).toHaveLength(cause === undefined ? 1 : 0);
  });
});
