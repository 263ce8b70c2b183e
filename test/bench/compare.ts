import autocannon from 'autocannon';
import { cpuMicroseconds } from './cpu.js';
import { median, type Row } from './report.js';

const SECONDS = 4;
const ROUNDS = 3;
const CONNECTIONS = 16;

/** A server to measure. */
export interface Side {
  url: string;
  pid: number;
  headers: Record<string, string>;
}

interface Measure {
  perSecond: number;
  /** CPU of the Node process per request, µs. */
  cpu: number;
}

export type MakeRequest = () => { method?: 'POST'; path: string; body?: string };

/** What came of it: medians, and the ratios of ours to theirs. */
export interface Comparison {
  ratio: number;
  cpuRatio: number;
  ours: Measure;
  theirs: Measure;
}

/** Sends the same requests to both in turns. */
export async function compare(ours: Side, theirs: Side, make: MakeRequest): Promise<Comparison> {
  const rounds: { ours: Measure; theirs: Measure }[] = [];
  await measure(theirs, make, 1);
  await measure(ours, make, 1);
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ theirs: await measure(theirs, make, SECONDS), ours: await measure(ours, make, SECONDS) });
  }
  const middle = (side: 'ours' | 'theirs'): Measure => ({
    perSecond: Math.round(median(rounds.map((round) => round[side].perSecond))),
    cpu: median(rounds.map((round) => round[side].cpu)),
  });
  return {
    ratio: median(rounds.map((round) => round.ours.perSecond / round.theirs.perSecond)),
    cpuRatio: median(rounds.map((round) => round.theirs.cpu / round.ours.cpu)),
    ours: middle('ours'),
    theirs: middle('theirs'),
  };
}

export function ratioRow(name: string, target: number, { ratio, cpuRatio, ours, theirs }: Comparison): Row {
  return {
    name,
    measured: `${ratio.toFixed(2)}× raw (CPU ${cpuRatio.toFixed(2)}×): ${ours.perSecond}/s against ${theirs.perSecond}/s`,
    target: `≥ ${target}× raw`,
    ok: ratio >= target,
  };
}

/** What the service does with these requests for so long. */
export async function measure(side: Side, make: MakeRequest, seconds: number): Promise<Measure> {
  const before = cpuMicroseconds(side.pid);
  const result = await autocannon({
    url: side.url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        setupRequest: (request: object) => ({
          ...request,
          headers: { ...side.headers, 'content-type': 'application/json' },
          method: 'GET',
          ...make(),
        }),
      } as autocannon.Request,
    ],
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} refused, ${result.errors} failed at ${side.url}`);
  }
  return {
    perSecond: result['2xx'] / result.duration,
    cpu: (cpuMicroseconds(side.pid) - before) / result['2xx'],
  };
}
