/** `at` moved by whole or fractional seconds. */
export function addSeconds(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}

/** Unix time in whole seconds, rounded down. */
export function toUnixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}

/** The instant of a Unix time in seconds. */
export function fromUnixSeconds(seconds: number): Date {
  return new Date(seconds * 1000);
}

/**
 * An instant as clients of Marzban read it: UTC without zone, six fractional digits unless they are all zero
 * (`2026-11-23T15:08:35.239000`, `2026-11-23T15:08:35`). Never a `Z`: its dashboard appends one itself.
 */
export function toWireTime(at: Date): string {
  const time = at.getTime();
  const day = Math.floor(time / DAY_MS);
  if (day !== lastDay.number) lastDay = { number: day, text: dayText(day) };
  const millis = time - day * DAY_MS;
  const seconds = Math.floor(millis / 1000);
  const clock = `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction = millis % 1000;
  return `${lastDay.text}${clock}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}000`}`;
}

const DAY_MS = 86_400_000;
/** Lists have thousands of instants, most of them of few days; writing all of each anew takes four times as long. */
let lastDay = { number: NaN, text: '' };

function dayText(day: number): string {
  const iso = new Date(day * DAY_MS).toISOString();
  return iso.slice(0, iso.indexOf('T') + 1);
}

const two = (value: number) => TWO_DIGITS[Math.floor(value)]!;
const TWO_DIGITS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));
