import { describe, expect, it } from 'vitest';
import type { CoreRun } from './chaos-node.js';
import type { Reading } from './counter-relay.js';
import type { Facts, NodeFacts } from './facts.js';
import { type Fault, STOP } from './faults.js';
import { makeLedger } from './ledger.js';

const NODE = 1;
const NOTHING = { up: 0n, down: 0n };

/** A process that was started at 0 and killed at 10,000, after it said 100 bytes at 2,000 and 300 at 4,000. */
function facts({ charged, ...more }: Partial<Omit<Facts, 'charged'>> & { charged: bigint }): Facts {
  const run = {
    marker: 'M1',
    configMark: 'A',
    pid: 11,
    startedAt: 0,
    cause: undefined,
    end: 'killed',
    endedAt: 10_000,
  } as const;
  return {
    nodes: [node([run, { ...run, marker: 'M2', pid: 12, end: undefined, endedAt: undefined }])],
    accounts: [account('M1', 1n, 500), account('M2', 2n, 12_000)],
    charged: [{ nodeId: NODE, coreEpoch: 1n, userId: 7, tag: null, up: charged, down: 0n, from: NOTHING }],
    userIds: new Set([7]),
    handovers: [],
    faults: [],
    ...more,
  };
}

function node(runs: readonly CoreRun[], more: Partial<NodeFacts> = {}): NodeFacts {
  const readings = [reading(100n, 2_000), reading(300n, 4_000)];
  return {
    ids: [NODE],
    name: 'node 1',
    runs,
    restarts: 0,
    withdrawals: [],
    addedAt: [0],
    replicas: [],
    ...more,
    readings: (marker, of) => (marker === 'M1' && of === 'user' ? readings : []),
  };
}

function killed(at: number): Fault {
  return { what: 'kill -9 of a replica', to: 'replica 1', disturbs: 'owner', from: at - 100, until: at };
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
      { reported: 300n, charged: 300n, doubtful: 0n },
      { reported: 0n, charged: 0n, doubtful: 0n },
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

  it('takes for doubtful what was read by somebody who lost the node before the account was closed', () => {
    const lost = (at: number, fault = killed(at)) =>
      makeLedger(facts({ charged: 100n, handovers: [{ nodeId: NODE, at }], faults: [fault] }));
    expect(lost(5_000).problems).toEqual([]);
    expect(lost(5_000).lines[0]!.users).toEqual({ reported: 300n, charged: 100n, doubtful: 200n });
    expect(lost(3_000).problems).toHaveLength(1); // before it was read
    expect(lost(13_000).problems).toHaveLength(1); // too late to be the reason
    expect(lost(5_000, { ...killed(5_000), what: STOP }).problems).toHaveLength(1); // it had time to charge it
    expect(lost(50_000, killed(5_000)).problems).toHaveLength(1); // it was not lost for that
  });

  it('counts from where a process stood when it was claimed', () => {
    const charged = [
      { nodeId: NODE, coreEpoch: 1n, userId: 7, tag: null, up: 250n, down: 0n, from: { up: 50n, down: 0n } },
    ];
    const { lines, problems } = makeLedger({ ...facts({ charged: 0n }), charged });
    expect(problems).toEqual([]);
    expect(lines[0]!.users).toEqual({ reported: 250n, charged: 250n, doubtful: 0n });
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

  const another = { configMark: 'B' };
  it.each<[string, Partial<CoreRun>, Partial<NodeFacts>, string | undefined]>([
    ['a kill', { end: 'killed' }, {}, 'the Xray before was killed'],
    ['a restart of the agent', { end: 'agent restarted' }, {}, 'the agent was restarted'],
    ['another config', { end: 'replaced', ...another }, {}, 'another config'],
    ['an operator', { end: 'replaced' }, { restarts: 1 }, 'it was asked for'],
    [
      'a node that was disabled',
      { end: 'disconnected' },
      { withdrawals: [{ at: 9_000, what: 'disabled' }] },
      'the node was disabled before',
    ],
    [
      'a node that was disabled, and whose core was then ended for something else',
      { end: 'replaced' },
      { withdrawals: [{ at: 9_000, what: 'disabled' }] },
      undefined,
    ],
    [
      'one that is disabled later',
      { end: 'disconnected' },
      { withdrawals: [{ at: 20_000, what: '' }] },
      undefined,
    ],
    ['a stop of the service', { end: 'replaced' }, { replicas: ['replica 1'] }, 'replica 1 was stopped'],
    ['a stop elsewhere', { end: 'replaced' }, { replicas: ['replica 2'] }, undefined],
    ['nothing', { end: 'replaced' }, {}, undefined],
  ])('explains a start by %s', (_, before, more, cause) => {
    const [first, second] = facts({ charged: 300n }).nodes[0]!.runs as [CoreRun, CoreRun];
    const nodes = [
      node(
        [
          { ...first, ...before },
          { ...second, startedAt: 11_000 },
        ],
        more,
      ),
    ];
    const stop = { ...killed(9_900), what: STOP, until: 10_100 };
    const { lines, problems } = makeLedger(facts({ charged: 300n, nodes, faults: [stop] }));
    expect(lines[1]!.cause).toEqual(cause);
    expect(problems).toHaveLength(cause === undefined ? 1 : 0);
  });
});
