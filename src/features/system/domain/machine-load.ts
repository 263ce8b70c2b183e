/** Cumulative counters of the machine, read at one moment. */
export interface MachineCounters {
  /** Milliseconds on a clock that never goes back. */
  at: number;
  /** Time of all CPUs together since boot, and the part of it without work; any unit. */
  cpuTotal: number;
  cpuIdle: number;
  /** Bytes of all network interfaces since boot, loopback included. */
  received: number;
  sent: number;
}

/** What the machine does between two readings. */
export interface MachineLoad {
  /** Percent of all CPUs, one decimal. */
  cpuPercent: number;
  receivedPerSecond: number;
  sentPerSecond: number;
}

export const NO_LOAD: MachineLoad = { cpuPercent: 0, receivedPerSecond: 0, sentPerSecond: 0 };

/** The load between two readings. Never negative: an interface that comes back counts from zero. */
export function loadBetween(before: MachineCounters, after: MachineCounters): MachineLoad {
  const seconds = (after.at - before.at) / 1000;
  const cpu = after.cpuTotal - before.cpuTotal;
  if (seconds <= 0 || cpu <= 0) return NO_LOAD;
  const busy = 1 - (after.cpuIdle - before.cpuIdle) / cpu;
  const perSecond = (bytes: number) => Math.max(0, Math.round(bytes / seconds));
  return {
    cpuPercent: Math.round(Math.min(1, Math.max(0, busy)) * 1000) / 10,
    receivedPerSecond: perSecond(after.received - before.received),
    sentPerSecond: perSecond(after.sent - before.sent),
  };
}

/** Sums the bytes of all interfaces in Linux's `/proc/net/dev` (proc(5)): received first, sent in the ninth column. */
export function parseNetworkBytes(procNetDev: string): { received: number; sent: number } {
  const sum = { received: 0, sent: 0 };
  for (const line of procNetDev.split('\n')) {
    const [, columns] = /^[^:|]+:\s*(.+)$/.exec(line) ?? [];
    if (columns === undefined) continue;
    const numbers = columns.split(/\s+/).map(Number);
    sum.received += numbers[0] ?? 0;
    sum.sent += numbers[8] ?? 0;
  }
  return sum;
}
