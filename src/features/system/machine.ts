import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  loadBetween,
  type MachineCounters,
  type MachineLoad,
  NO_LOAD,
  parseNetworkBytes,
} from './domain/machine-load.js';

const SAMPLE_MS = 2_000;

/** Memory in bytes: of the container where it has a limit, else of the machine. */
export interface Memory {
  total: number;
  used: number;
}

/**
 * The machine this replica runs on, looked at at a steady pace: nobody's question changes what the next one sees, and
 * none waits for the files that say it. Traffic is known on Linux only, elsewhere it is 0.
 */
@Injectable()
export class Machine implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly cpuCores = cpus().length;
  private last: MachineCounters | undefined;
  private currentLoad = NO_LOAD;
  private currentMemory = readMemory();
  private timer: NodeJS.Timeout | undefined;

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS);
    void this.sample();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** The load of the last two seconds; nothing in the first ones after the start. */
  load(): MachineLoad {
    return this.currentLoad;
  }

  memory(): Memory {
    return this.currentMemory;
  }

  private async sample(): Promise<void> {
    this.currentMemory = readMemory();
    const network = parseNetworkBytes(await readFile('/proc/net/dev', 'utf8').catch(() => ''));
    const counters = { at: performance.now(), ...cpuTimes(), ...network };
    if (this.last) this.currentLoad = loadBetween(this.last, counters);
    this.last = counters;
  }
}

function readMemory(): Memory {
  const limit = process.constrainedMemory(); // 0 or astronomic without one
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  return { total, used: Math.max(0, total - process.availableMemory()) };
}

function cpuTimes(): { cpuTotal: number; cpuIdle: number } {
  let cpuTotal = 0;
  let cpuIdle = 0;
  for (const { times } of cpus()) {
    cpuTotal += times.user + times.nice + times.sys + times.idle + times.irq;
    cpuIdle += times.idle;
  }
  return { cpuTotal, cpuIdle };
}
