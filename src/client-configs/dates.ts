/** What stands for a time or an amount without end. */
export const ENDLESS = '∞';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;

/**
 * Seconds for people, e.g. `1m 2d` (months of 30 days) or `3h 5m`: hours only beside less than seven days, minutes
 * (an `m` as well) and seconds only below a day. Source: Marzban `app/utils/share.py`.
 */
export function readableDuration(seconds: number): string {
  if (seconds <= 0) return ENDLESS;
  const months = Math.floor(seconds / MONTH);
  const days = Math.floor((seconds % MONTH) / DAY);
  const hours = Math.floor((seconds % DAY) / HOUR);
  const short = months === 0 && days === 0;
  const parts: [amount: number, unit: string, shown: boolean][] = [
    [months, 'm', true],
    [days, 'd', true],
    [hours, 'h', days < 7],
    [Math.floor((seconds % HOUR) / MINUTE), 'm', short],
    [Math.floor(seconds % MINUTE), 's', short],
  ];
  return parts
    .filter(([amount, , shown]) => shown && amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}

/** The UTC day as `YYYY-MM-DD`. */
export function isoDay(at: Date): string {
  return at.toISOString().split('T')[0]!;
}

const persian = new Intl.DateTimeFormat('en-u-ca-persian-nu-latn', {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  timeZone: 'UTC',
});

/** The UTC day in the Persian calendar as `YYYY-MM-DD`. */
export function jalaliDay(at: Date): string {
  const parts = new Map(persian.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
}
