const TrueDate = globalThis.Date;

/** From now on every clock of this process that can be set is wrong by so many milliseconds; monotonic ones go on. */
export function stepClock(milliseconds: number): void {
  if (milliseconds === 0) {
    globalThis.Date = TrueDate;
    return;
  }
  const now = () => TrueDate.now() + milliseconds;
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, values: []) => (values.length === 0 ? new target(now()) : new target(...values)),
    get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
  });
}
