/** One line of the benchmark's table. */
export interface Row {
  name: string;
  measured: string;
  target: string;
  ok: boolean;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that this part of all, from 0 to 1, does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)]!;
}

/** Runs `work` `rounds` times and returns the median of the milliseconds it reports, or took. */
export async function medianMs(
  rounds: number,
  work: (round: number) => Promise<number | void>,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    times.push((await work(round)) ?? performance.now() - start);
  }
  return median(times);
}

export function milliseconds(name: string, measured: number, target: number): Row {
  return { name, measured: `${measured.toFixed(0)} ms`, target: `≤ ${target} ms`, ok: measured <= target };
}

export function table(rows: Row[]): string {
  const width = (column: keyof Row) => Math.max(...rows.map((row) => String(row[column]).length));
  const [name, measured, target] = [width('name'), width('measured'), width('target')];
  return rows
    .map((row) =>
      [
        row.name.padEnd(name),
        row.measured.padEnd(measured),
        row.target.padEnd(target),
        row.ok ? 'ok' : 'MISSED',
      ].join('  '),
    )
    .join('\n');
}
