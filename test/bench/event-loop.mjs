// Loaded before a service (`--import`): once a second it adds a line to the file BENCH_LOOP: by how many milliseconds its event
// loop was late at most in that second; and the same as far as the process was at work itself, not waiting for a processor.
import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const TICK_MS = 10;
let late = 0;
let busy = 0;
let then = performance.now();
let spentThen = process.cpuUsage();

setInterval(() => {
  const now = performance.now();
  const spent = process.cpuUsage();
  const by = now - then - TICK_MS;
  const worked = (spent.user - spentThen.user + spent.system - spentThen.system) / 1000;
  late = Math.max(late, by);
  busy = Math.max(busy, Math.min(by, worked));
  [then, spentThen] = [now, spent];
}, TICK_MS).unref();

setInterval(() => {
  appendFileSync(process.env.BENCH_LOOP, `${late.toFixed(1)} ${busy.toFixed(1)}\n`);
  late = busy = 0;
}, 1_000).unref();
