/** Day 1 of week 1 holds 4 January. */
const DAY_MS = 86_400_000;
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

const DATE = /^(\d{4})(-?)(\d\d)\2(\d\d)$/;
const WEEK = /^(\d{4})(-?)W(\d\d)(?:\2([1-7]))?$/;
const CLOCK = /^(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?|(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?$/;
const ZONE = /(?:(Z)|([+-])([^+\-Z]+))$/;

/**
 * The instant of an ISO 8601 text: a calendar or week date, then perhaps any one character and a time, then perhaps an
 * offset; without one it is UTC. Undefined when the text is no such thing, or not within the years 1 to 9999. Fractions
 * are cut to milliseconds.
 * Source: Python's `datetime.fromisoformat` from 3.11 on; there, an instant without offset is local time.
 */
export function parseIsoTime(text: string): Date | undefined {
  const split = dateLength(text);
  const day = parseDate(text.slice(0, split));
  if (day === undefined) return undefined;
  if (text.length <= split) return within(day);
  const rest = text.slice(split).replace(/^./su, '');
  const zone = ZONE.exec(rest);
  const clock = parseClock(zone ? rest.slice(0, zone.index) : rest);
  const offset = zone?.[3] === undefined ? 0 : parseClock(zone[3]);
  if (clock === undefined || offset === undefined) return undefined;
  return within(day + clock + (zone?.[2] === '-' ? offset : -offset));
}

/** Where the date ends: compact week dates may or may not name a day, and a time may follow. */
function dateLength(text: string): number {
  if (text[4] === '-') {
    if (text[5] !== 'W') return 10;
    // `2026-W01-10`: a day cannot have two digits, so the dash begins a time.
    return text[8] === '-' && !/\d/.test(text[10] ?? '') ? 10 : 8;
  }
  if (text[4] !== 'W') return 8;
  const digits = /^\d*/.exec(text.slice(5))![0].length;
  if (digits < 4) return 5 + digits;
  return digits % 2 === 1 ? 7 : 8;
}

function parseDate(text: string): number | undefined {
  const [, year = '', , month = '', day = ''] = DATE.exec(text) ?? [];
  if (year !== '') {
    const at = midnight(Number(year), Number(month), Number(day));
    const isReal = at.getUTCMonth() + 1 === Number(month) && at.getUTCDate() === Number(day);
    return isReal ? at.getTime() : undefined;
  }
  const [, weekYear = '', , week = '', weekday = '1'] = WEEK.exec(text) ?? [];
  if (weekYear === '') return undefined;
  const start = firstMonday(Number(weekYear));
  const at = start + (Number(week) - 1) * 7 * DAY_MS;
  if (Number(week) < 1 || at >= firstMonday(Number(weekYear) + 1)) return undefined;
  return at + (Number(weekday) - 1) * DAY_MS;
}

function firstMonday(year: number): number {
  const fourth = midnight(year, 1, 4);
  return fourth.getTime() - ((fourth.getUTCDay() + 6) % 7) * DAY_MS;
}

function midnight(year: number, month: number, day: number): Date {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day); // Date.UTC would take year 99 for 1999
  return at;
}

/** Milliseconds since midnight; undefined when the text is no time of day. */
function parseClock(text: string): number | undefined {
  const match = CLOCK.exec(text);
  if (!match) return undefined;
  const hour = Number(match[1]);
  const minute = Number(match[2] ?? match[5] ?? 0);
  const second = Number(match[3] ?? match[6] ?? 0);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = (match[4] ?? match[7] ?? '').padEnd(3, '0').slice(0, 3);
  return ((hour * 60 + minute) * 60 + second) * 1000 + Number(fraction);
}

function within(time: number): Date | undefined {
  return time >= FIRST && time <= LAST ? new Date(time) : undefined;
}
