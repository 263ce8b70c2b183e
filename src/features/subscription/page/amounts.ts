const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;
/** How a language writes amounts. */
interface Language {
  locale: string;
  byteUnits: 'short' | 'long';
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Bytes in the language's own way, by powers of 1024: `1.5 GB`, `1,5 ГБ`, `۱٫۵ گیگابایت`. */
export function writeBytes(bytes: bigint, { locale, byteUnits }: Language): string {
  let amount = Number(bytes > 0n ? bytes : 0n);
  let unit = 0;
  while (amount >= 1024 && unit < BYTE_UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: BYTE_UNITS[unit],
    unitDisplay: unit === 0 ? 'long' : byteUnits,
    maximumFractionDigits: amount >= 100 ? 0 : amount >= 10 ? 1 : 2,
  }).format(amount);
}

/** A time span in its largest unit that shows at least two, rounded down: `23 days`, `47 hours`, `5 minutes`. */
export function writeDuration(seconds: number, locale: string): string {
  const { amount, unit } = inWholeUnits(seconds);
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(amount);
}

/** How long ago that was: `3 days ago`. */
export function writeAgo(seconds: number, locale: string): string {
  const { amount, unit } = inWholeUnits(seconds);
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(-amount, unit);
}

/** The day in words, in UTC; Persian in the calendar of Iran. */
export function writeDay(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(at);
}

function inWholeUnits(seconds: number): { amount: number; unit: 'day' | 'hour' | 'minute' } {
  if (seconds >= 2 * DAY) return { amount: Math.floor(seconds / DAY), unit: 'day' };
  if (seconds >= 2 * HOUR) return { amount: Math.floor(seconds / HOUR), unit: 'hour' };
  return { amount: Math.max(1, Math.floor(seconds / MINUTE)), unit: 'minute' };
}
