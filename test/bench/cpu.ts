import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TICK = 10_000;

/** User and system time of a process so far, µs. Source: proc(5), fields 14 and 15 in ticks of 10 ms. */
export function cpuMicroseconds(pid: number): number {
  return spent(statOf(pid));
}

function spent(fields: string[]): number {
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** CPU of all processes of the PostgreSQL in the data folder so far, also of those that have ended. */
export function databaseMicroseconds(dataDir: string): number {
  const [line = ''] = readFileSync(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n');
  const postmaster = Number(line);
  const children = readdirSync('/proc').flatMap((pid) => {
    try {
      const fields = /^\d+$/.test(pid) ? statOf(Number(pid)) : [];
      return Number(fields[1]) === postmaster ? [spent(fields)] : [];
    } catch {
      return []; // gone meanwhile
    }
  });
  const [, , ...own] = statOf(postmaster).slice(9, 15);
  const ended = own.reduce((sum, ticks) => sum + Number(ticks), 0) * TICK;
  return children.reduce((sum, microseconds) => sum + microseconds, ended);
}

/** Resident memory of a process now, and at most so far, MB. Source: proc(5). */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** What follows the name of the process, from the field 3 on. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
}
