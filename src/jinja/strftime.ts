import { spendOnText } from './budget.js';
import { DateTime } from './datetime.js';
import { fail } from './errors.js';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAY_MS = 86_400_000;

const pad = (value: number, width = 2, fill = '0') => String(value).padStart(width, fill);

/** Days since 1 January, from 0. */
const yearDay = (date: Date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);

/** ISO 8601 year and week. */
export function isoWeek(date: Date): { year: number; week: number; day: number } {
  const day = date.getUTCDay() || 7;
  const thursday = new Date(date.getTime() + (4 - day) * DAY_MS);
  return { year: thursday.getUTCFullYear(), week: Math.floor(yearDay(thursday) / 7) + 1, day };
}

/** Python's `strftime` in the C locale. */
export function formatTime(at: DateTime, format: string): string {
  const { date, microsecond } = at;
  const hour12 = date.getUTCHours() % 12 || 12;
  const year = String(date.getUTCFullYear());
  const one = (code: string): string => {
    switch (code) {
      case 'a':
        return DAYS[date.getUTCDay()]!.slice(0, 3);
      case 'A':
        return DAYS[date.getUTCDay()]!;
      case 'b':
      case 'h':
        return MONTHS[date.getUTCMonth()]!.slice(0, 3);
      case 'B':
        return MONTHS[date.getUTCMonth()]!;
      case 'c':
        return formatTime(at, '%a %b %e %H:%M:%S %Y');
      case 'C':
        return year.padStart(4, '0').slice(0, 2);
      case 'd':
        return pad(date.getUTCDate());
      case 'D':
      case 'x':
        return formatTime(at, '%m/%d/%y');
      case 'e':
        return pad(date.getUTCDate(), 2, ' ');
      case 'f':
        return pad(microsecond, 6);
      case 'F':
        return formatTime(at, '%Y-%m-%d');
      case 'G':
        return String(isoWeek(date).year);
      case 'g':
        return pad(isoWeek(date).year % 100);
      case 'H':
        return pad(date.getUTCHours());
      case 'I':
        return pad(hour12);
      case 'j':
        return pad(yearDay(date) + 1, 3);
      case 'k':
        return pad(date.getUTCHours(), 2, ' ');
      case 'l':
        return pad(hour12, 2, ' ');
      case 'm':
        return pad(date.getUTCMonth() + 1);
      case 'M':
        return pad(date.getUTCMinutes());
      case 'n':
        return '\n';
      case 'p':
        return date.getUTCHours() < 12 ? 'AM' : 'PM';
      case 'P':
        return date.getUTCHours() < 12 ? 'am' : 'pm';
      case 'r':
        return formatTime(at, '%I:%M:%S %p');
      case 'R':
        return formatTime(at, '%H:%M');
      case 's':
        return String(Math.floor(date.getTime() / 1000));
      case 'S':
        return pad(date.getUTCSeconds());
      case 't':
        return '\t';
      case 'T':
      case 'X':
        return formatTime(at, '%H:%M:%S');
      case 'u':
        return String(date.getUTCDay() || 7);
      case 'U':
        return pad(Math.floor((yearDay(date) + 7 - date.getUTCDay()) / 7));
      case 'V':
        return pad(isoWeek(date).week);
      case 'w':
        return String(date.getUTCDay());
      case 'W':
        return pad(Math.floor((yearDay(date) + 7 - ((date.getUTCDay() + 6) % 7)) / 7));
      case 'y':
        return pad(date.getUTCFullYear() % 100);
      case 'Y':
        return year;
      case 'z':
      case 'Z':
        return ''; // a time without a zone has neither
      case '%':
        return '%';
      default:
        return `%${code}`;
    }
  };
  spendOnText(format.length * 4);
  return format.replace(/%(-?)([^])/g, (_, bare: string, code: string) =>
    bare === '' ? one(code) : one(code).replace(/^[0 ]+(?=.)/, ''),
  );
}

const FIELDS: Record<string, string> = {
  d: '(?<day>\\d{1,2})',
  f: '(?<micros>\\d{1,6})',
  H: '(?<hour>\\d{1,2})',
  I: '(?<hour12>\\d{1,2})',
  m: '(?<month>\\d{1,2})',
  M: '(?<minute>\\d{1,2})',
  p: '(?<half>AM|PM)',
  S: '(?<second>\\d{1,2})',
  y: '(?<short>\\d\\d)',
  Y: '(?<year>\\d{4})',
  b: `(?<name>${MONTHS.map((month) => month.slice(0, 3)).join('|')})`,
  B: `(?<name>${MONTHS.join('|')})`,
  a: '[A-Za-z]{3}',
  A: '[A-Za-z]+day',
  '%': '%',
};

/** Python's `strptime` with the usual fields. */
export function parseTime(text: string, format: string): DateTime {
  const pattern = format
    .replaceAll('%T', '%H:%M:%S')
    .replaceAll('%F', '%Y-%m-%d')
    .replace(/%([^])|\s+|[.*+?^${}()|[\]\\]/g, (part, code?: string) => {
      if (code === undefined) return /^\s/.test(part) ? '\\s+' : `\\${part}`;
      return FIELDS[code] ?? fail('ValueError', `'${code}' is a bad directive in format '${format}'`);
    });
  const found = new RegExp(`^${pattern}$`, 'i').exec(text)?.groups;
  if (!found) return fail('ValueError', `time data '${text}' does not match format '${format}'`);
  const number = (name: string, byDefault = 0) => Number(found[name] ?? byDefault);
  const century = number('short') < 69 ? 2000 : 1900;
  const year = found.short === undefined ? number('year', 1900) : century + number('short');
  const named = MONTHS.findIndex(
    (month) => month.slice(0, 3).toLowerCase() === found.name?.slice(0, 3).toLowerCase(),
  );
  const afternoon = found.half?.toUpperCase() === 'PM' ? 12 : 0;
  const hour = found.hour12 === undefined ? number('hour') : (number('hour12') % 12) + afternoon;
  return dateTime({
    year,
    month: named === -1 ? number('month', 1) : named + 1,
    day: number('day', 1),
    hour,
    minute: number('minute'),
    second: number('second'),
    microsecond: Number((found.micros ?? '').padEnd(6, '0')),
  });
}

export interface TimeParts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  microsecond: number;
}

/** Throws a `ValueError` for what is no date. */
export function dateTime(parts: TimeParts, isDate = false): DateTime {
  const { year, month, day, hour, minute, second, microsecond } = parts;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // `Date.UTC` would take year 99 for 1999
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    return fail('ValueError', 'day is out of range for month');
  }
  const seconds = BigInt(date.getTime() / 1000 + (hour * 60 + minute) * 60 + second);
  return new DateTime(seconds * 1_000_000n + BigInt(microsecond), isDate);
}
