import type { Fault } from './faults.js';
import type { Ledger, Line, Sums } from './ledger.js';

/** The ledger as a text for people. Times are seconds since `begun`, in milliseconds since 1970. */
export function ledgerText(
  { lines }: Ledger,
  begun: number,
  faults: readonly Fault[],
  requests: { done: ReadonlyMap<string, number>; failed: ReadonlyMap<string, number> },
): string {
  const starts = table(
    ['node', 'process', 'second', 'why it was started', 'noted as', 'how it ended'],
    lines.map(({ node, run, cause, reason }) => [
      node,
      `${run.pid}`,
      seconds(run.startedAt, begun),
      cause ?? '!!! NOBODY KNOWS',
      reason ?? 'never',
      run.end ?? 'runs',
    ]),
  );
  const bytes = table(
    [
      'node',
      'process',
      'users: reported',
      'charged',
      'doubtful',
      'difference',
      'outbounds: reported',
      'charged',
      'doubtful',
      'difference',
      'deleted',
    ],
    lines.map(({ node, run, users, outbounds, ofDeleted }) => [
      node,
      `${run.pid}`,
      ...cellsOf(users),
      ...cellsOf(outbounds),
      `${ofDeleted}`,
    ]),
  );
  const notes = lines.flatMap(({ node, run, notes }) =>
    notes.map((note) => `${node}, process ${run.pid}: ${note}`),
  );
  return [
    'Core processes, each with its reason',
    starts,
    startsText(lines),
    '',
    'Bytes of each core process',
    bytes,
    ...sumsText(lines),
    ...(notes.length > 0 ? ['', 'Doubtful: read, and lost with whoever had read it', ...notes] : []),
    '',
    'Faults',
    table(
      ['fault', 'times'],
      [...count(faults.map(({ what }) => what))].map(([what, times]) => [what, `${times}`]),
    ),
    '',
    'Requests of operators',
    table(
      ['request', 'done', 'not answered'],
      [...new Set([...requests.done.keys(), ...requests.failed.keys()])]
        .sort()
        .map((what) => [what, `${requests.done.get(what) ?? 0}`, `${requests.failed.get(what) ?? 0}`]),
    ),
  ].join('\n');
}

/** What was done to whom and when, one after the other. */
export function timeline(faults: readonly Fault[], begun: number): string {
  return faults
    .map(({ what, to, from, until }) => `${seconds(from, begun)} to ${seconds(until, begun)}: ${what}, ${to}`)
    .join('\n');
}

const seconds = (at: number, begun: number) => ((at - begun) / 1000).toFixed(1);

function cellsOf({ reported, charged, doubtful }: Sums): string[] {
  return [reported, charged, doubtful, reported - charged - doubtful].map(String);
}

function startsText(lines: readonly Line[]): string {
  return `${lines.length} starts: ${counted(lines.map(({ cause }) => cause ?? 'NOBODY KNOWS WHY'))}`;
}

function sumsText(lines: readonly Line[]): string[] {
  const total = (of: 'users' | 'outbounds', which: keyof Sums) =>
    lines.reduce((sum, line) => sum + line[of][which], 0n);
  return (['users', 'outbounds'] as const).map((of) => {
    const [reported, charged, doubtful] = [
      total(of, 'reported'),
      total(of, 'charged'),
      total(of, 'doubtful'),
    ];
    const rest = reported - charged - doubtful;
    return `${of}: ${reported} bytes reported, ${charged} charged, ${doubtful} doubtful, difference ${rest}`;
  });
}

/** What it comes to. */
export function ledgerSums({ lines }: Ledger): string {
  return [startsText(lines), ...sumsText(lines)].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const isNumber = head.map((_, i) => i > 0 && rows.every((row) => /^-?\d+$/.test(row[i]!)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function count(all: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

function counted(all: readonly string[]): string {
  return [...count(all)].map(([what, times]) => `${times} × ${what}`).join(', ');
}
