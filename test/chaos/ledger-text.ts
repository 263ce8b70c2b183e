import type { Fault } from './faults.js';
import type { Ledger, Line } from './ledger.js';

/** The ledger as a text for people. */
export function ledgerText(
  { lines }: Ledger,
  faults: readonly Fault[],
  requests: { done: ReadonlyMap<string, number>; failed: ReadonlyMap<string, number> },
): string {
  const starts = table(
    ['node', 'process', 'why it was started', 'noted as', 'how it ended'],
    lines.map(({ node, run, cause, reason }) => [
      node,
      `${run.pid}`,
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
      'difference',
      'outbounds: reported',
      'charged',
      'difference',
      'deleted',
    ],
    lines.map(({ node, run, users, outbounds, ofDeleted }) => [
      node,
      `${run.pid}`,
      `${users.reported}`,
      `${users.charged}`,
      `${users.reported - users.charged}`,
      `${outbounds.reported}`,
      `${outbounds.charged}`,
      `${outbounds.reported - outbounds.charged}`,
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
    ...(notes.length > 0 ? ['', 'Read, but lost with who had read it', ...notes] : []),
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

function startsText(lines: readonly Line[]): string {
  return `${lines.length} starts: ${counted(lines.map(({ cause }) => cause ?? 'NOBODY KNOWS WHY'))}`;
}

function sumsText(lines: readonly Line[]): string[] {
  const total = (of: 'users' | 'outbounds', which: 'reported' | 'charged') =>
    lines.reduce((sum, line) => sum + line[of][which], 0n);
  return (['users', 'outbounds'] as const).map((of) => {
    const [reported, charged] = [total(of, 'reported'), total(of, 'charged')];
    return `${of}: ${reported} bytes reported, ${charged} charged, difference ${reported - charged}`;
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
