import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** How long a process that starts may do nothing: with a million users a core reads its config for more than a minute. */
export const STALL_MS = 30_000;

/** Whether a process that starts gets on: it takes what it is sent, or works. */
export class Progress {
  private lastAt = performance.now();
  private worked: string | undefined;

  constructor(private readonly pid: number) {}

  /** Something was seen to happen. */
  note(): void {
    this.lastAt = performance.now();
  }

  /** Whether nothing has happened for {@link STALL_MS}, as far as the system tells. To be asked now and then. */
  hasStopped(): boolean {
    const worked = processorTime(this.pid);
    if (worked !== this.worked) this.note();
    this.worked = worked;
    return performance.now() - this.lastAt > STALL_MS;
  }
}

/** The ticks of the processor that a process has used; undefined where the system does not tell. */
function processorTime(pid: number): string | undefined {
  try {
    // Behind the name, which may hold anything: the state is field 3, the times in user and system mode are 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return `${fields[11]} ${fields[12]}`;
  } catch {
    return undefined;
  }
}
