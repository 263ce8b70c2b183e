import type { SourceRow, SourceValue } from '../source/source.js';
import type { Amounts, Remark, Table } from './remarks.js';

/** Bounds of PostgreSQL's types. */
export const MAX_INT = 2_147_483_647n;
export const MAX_BIGINT = 9_223_372_036_854_775_807n;

/** A fraction has six digits here. */
export const MILLION = 1_000_000n;

const WHOLE = /^-?\d+$/;
const NUMBER = /^[+-]?\d+(?:\.\d*)?$/;
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;

/**
 * Reads the values of one row, whatever its engine made of them, and collects what had to be changed. SQLite keeps any
 * value in any column.
 */
export class RowReader {
  readonly remarks: Remark[] = [];

  constructor(
    readonly row: SourceRow,
    private readonly table: Table,
    readonly id: bigint | null,
    readonly name: string | null,
  ) {}

  adjusted(what: string, detail?: string, amounts?: Amounts): void {
    this.remark('adjusted', what, detail, amounts);
  }

  noted(what: string, detail?: string): void {
    this.remark('noted', what, detail);
  }

  dropped(what: string, detail?: string, amounts?: Amounts): { row: undefined; remarks: Remark[] } {
    this.remark('dropped', what, detail, amounts);
    return { row: undefined, remarks: this.remarks };
  }

  refused(what: string, detail?: string, amounts?: Amounts): { row: undefined; remarks: Remark[] } {
    this.remark('refused', what, detail, amounts);
    return { row: undefined, remarks: this.remarks };
  }

  /** A whole number; a fraction is cut, what is no number is null. */
  integer(column: string): bigint | null {
    const value = this.row[column] ?? null;
    if (value === null || typeof value === 'bigint') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    if (typeof value === 'string' && WHOLE.test(value)) return within(BigInt(value));
    const millionths = toMillionths(value);
    if (millionths === null) {
      this.adjusted(`${column} is no number`, clip(String(value)));
      return null;
    }
    const whole = millionths / MILLION;
    if (typeof value === 'string') this.adjusted(`${column} is a number written as text`, clip(value));
    else if (whole * MILLION !== millionths) this.adjusted(`${column} has a fraction`, String(value));
    return within(whole);
  }

  /** The same within the bounds of an `int`. */
  int(column: string): number | null {
    const value = this.integer(column);
    if (value === null || (value <= MAX_INT && value >= -MAX_INT))
      return value === null ? null : Number(value);
    this.adjusted(`${column} is too large`, String(value));
    return Number(value > 0n ? MAX_INT : -MAX_INT);
  }

  /** Bytes that somebody used: never null, never below 0. `sum` is the one they are part of. */
  bytes(column: string, sum: string): bigint {
    const exact = toMillionths(this.row[column] ?? null) ?? 0n;
    const value = this.integer(column);
    const bytes = value !== null && value > 0n ? value : 0n;
    const lost = exact - bytes * MILLION;
    if (value === null || value < 0n)
      this.adjusted(`${column} is ${value === null ? 'missing' : 'negative'}`, undefined, { [sum]: lost });
    else if (lost !== 0n) this.amount({ [sum]: lost });
    return bytes;
  }

  boolean(column: string): boolean | null {
    const value = this.integer(column);
    return value === null ? null : value !== 0n;
  }

  text(column: string): string | null {
    const value = this.row[column] ?? null;
    if (value === null) return null;
    const text = String(value);
    if (!text.includes('\0')) return text;
    this.adjusted(`${column} holds a character that cannot be stored`);
    return text.replaceAll('\0', '');
  }

  /** An instant of UTC in milliseconds; what is beyond them is cut, or with `up` becomes one more. */
  instant(column: string, up = false): Date | null {
    const value = this.row[column] ?? null;
    if (value === null) return null;
    const at = toInstant(value, up);
    if (at === undefined) this.adjusted(`${column} is no time`, clip(String(value)));
    return at ?? null;
  }

  /** Adds to the last remark what it took from a sum. */
  private amount(amounts: Amounts): void {
    const last = this.remarks.at(-1);
    if (last) last.amounts = { ...last.amounts, ...amounts };
  }

  private remark(verdict: Remark['verdict'], what: string, detail?: string, amounts?: Amounts): void {
    const { table, id, name } = this;
    this.remarks.push({
      table,
      verdict,
      what,
      id,
      name,
      ...(detail !== undefined && { detail }),
      ...(amounts && { amounts }),
    });
  }
}

/** Undefined for what is no instant between the years 1 and 9999. */
export function toInstant(value: SourceValue, up = false): Date | undefined {
  const match = typeof value === 'string' ? INSTANT.exec(value) : null;
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const digits = fraction.padEnd(9, '0');
  const ms = Number(digits.slice(0, 3)) + (up && Number(digits.slice(3)) > 0 ? 1 : 0);
  const at = new Date(0);
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (year === '0000' || at.getUTCMonth() + 1 !== Number(month) || at.getUTCDate() !== Number(day))
    return undefined;
  at.setUTCHours(Number(hour), Number(minute), Number(second), ms);
  return at;
}

/** The exact value in millionths; null for what is no number. */
export function toMillionths(value: SourceValue): bigint | null {
  if (typeof value === 'bigint') return value * MILLION;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null;
    const whole = Math.trunc(value);
    return BigInt(whole) * MILLION + BigInt(Math.round((value - whole) * 1e6));
  }
  const text = value?.trim() ?? '';
  if (!NUMBER.test(text)) return null;
  const [whole = '', fraction = ''] = text.split('.');
  const part = BigInt(fraction.padEnd(6, '0').slice(0, 6));
  return BigInt(whole) * MILLION + (whole.startsWith('-') ? -part : part);
}

export function toId(value: SourceValue | undefined): bigint | null {
  const millionths = toMillionths(value ?? null);
  return millionths === null ? null : millionths / MILLION;
}

/** A name in a report, of whatever length it is. */
export const clip = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

const within = (value: bigint): bigint =>
  value > MAX_BIGINT ? MAX_BIGINT : value < -MAX_BIGINT ? -MAX_BIGINT : value;
