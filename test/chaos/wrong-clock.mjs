// Loaded before a service (`--import`): its time of day is wrong by the milliseconds in the file CHAOS_CLOCK, which is
// read again at SIGUSR2. Monotonic clocks are left alone.
import { readFileSync } from 'node:fs';

const TrueDate = globalThis.Date;
let wrongBy = 0;

function step() {
  wrongBy = Number(readFileSync(process.env.CHAOS_CLOCK, 'utf8'));
}

const now = () => TrueDate.now() + wrongBy;
globalThis.Date = new Proxy(TrueDate, {
  apply: () => new TrueDate(now()).toString(),
  construct: (target, values, self) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, self),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
step();
process.on('SIGUSR2', step);
