import { Invalid } from './coercion.js';

/** Unix times above this are milliseconds. Source: speedate, pydantic's date parser. */
const MILLISECONDS_ABOVE = 2e10;
/** Last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

const NUMERIC = /^[+-]?\d+(?:\.\d*)?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)/;
const TIME = /^[Tt _](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?$/;

/**
 * An instant: ISO 8601 with or without offset, a date alone, or Unix time as number or text. Without an offset it is UTC,
 * with one it is converted. (Marzban drops offsets where it stores them.) Fractions are cut to milliseconds.
 */
export function readTime(value: unknown): Date | Invalid {
  if (typeof value === 'number' || typeof value === 'bigint') return fromUnix(Number(value));
  if (typeof value !== 'string') return Invalid.of('datetime_type', 'Input should be a valid datetime');
  const text = value.trim();
  return NUMERIC.test(text) ? fromUnix(Number(text)) : fromIso(text);
}

function fromUnix(number: number): Date | Invalid {
  if (Number.isNaN(number))
    return Invalid.of('datetime_parsing', 'Input should be a valid datetime, NaN values not permitted');
  const seconds = Math.abs(number) > MILLISECONDS_ABOVE ? number / 1000 : number;
  if (seconds > LAST_SECOND) return unusable('dates after 9999 are not supported as unix timestamps');
  if (seconds < -62_135_596_800) return unusable('dates before 0000 are not supported as unix timestamps');
  return new Date(Math.floor(seconds * 1000));
}

function fromIso(text: string): Date | Invalid {
  if (text.length < 10) return unusable('input is too short');
  const date = DATE.exec(text);
  if (!date) return unusable(wrongDate(text));
  const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
  if (month < 1 || month > 12) return unusable('month value is outside expected range of 1-12');
  if (day < 1 || day > daysIn(year, month)) return unusable('day value is outside expected range');
  if (year === 0) return unusable('year 0 is out of range');
  const clock = text.length === 10 ? 0 : readClock(text.slice(10));
  if (clock === undefined) return unusable('unexpected extra characters at the end of the input');
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day); // Date.UTC would take year 99 for 1999
  const at = new Date(midnight.getTime() + clock);
  return at.getTime() > LAST_SECOND * 1000 + 999 ? unusable('day value is outside expected range') : at;
}

/** Milliseconds since midnight UTC; undefined when the text is no time of day. */
function readClock(text: string): number | undefined {
  const [
    ,
    hour = '',
    minute = '',
    second = '0',
    fraction = '',
    ,
    sign,
    offsetHours = '0',
    offsetMinutes = '0',
  ] = TIME.exec(text) ?? [];
  if (hour === '' || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const local = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  return local + Number(fraction.padEnd(3, '0').slice(0, 3)) + (sign === '-' ? offset : -offset);
}

function wrongDate(text: string): string {
  if (!/^\d{4}/.test(text)) return 'invalid character in year';
  if (text[4] !== '-' || (/^\d\d/.test(text.slice(5)) && text[7] !== '-'))
    return 'invalid date separator, expected `-`';
  return /^\d\d/.test(text.slice(5)) ? 'invalid character in day' : 'invalid character in month';
}

function daysIn(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}

function unusable(reason: string): Invalid {
  return Invalid.of('datetime_from_date_parsing', `Input should be a valid datetime or date, ${reason}`);
}
