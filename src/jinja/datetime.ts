import { fail } from './errors.js';
import { PyObject, type Value } from './values.js';

const SECOND = 1_000_000n;
const DAY = 86_400n * SECOND;
const FIRST = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1000n;
const LAST = BigInt(Date.parse('9999-12-31T23:59:59.999Z')) * 1000n + 999n;

const floor = (value: bigint, by: bigint) => (value - (((value % by) + by) % by)) / by;
const two = (value: number) => String(value).padStart(2, '0');

/** Python's `datetime` without a zone, which means UTC; with `isDate` its `date`. Microseconds since 1970. */
export class DateTime extends PyObject {
  readonly typeName: string;

  constructor(
    readonly micros: bigint,
    readonly isDate = false,
  ) {
    super();
    this.typeName = isDate ? 'date' : 'datetime.datetime';
    if (micros < FIRST || micros > LAST) fail('OverflowError', 'date value out of range');
  }
  static fromSeconds(seconds: number): DateTime {
    if (!Number.isFinite(seconds)) fail('ValueError', 'cannot convert float NaN to integer');
    return new DateTime(BigInt(Math.round(seconds * 1e6)));
  }
  /** To the millisecond. */
  get date(): Date {
    return new Date(Number(floor(this.micros, 1000n)));
  }
  get microsecond(): number {
    return Number(((this.micros % SECOND) + SECOND) % SECOND);
  }
  private get day(): string {
    const { date } = this;
    return `${String(date.getUTCFullYear()).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  }
  isoFormat(separator = 'T'): string {
    if (this.isDate) return this.day;
    const { date, microsecond } = this;
    const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
    return `${this.day}${separator}${time}${microsecond === 0 ? '' : `.${String(microsecond).padStart(6, '0')}`}`;
  }
  repr() {
    const { date, microsecond } = this;
    const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    if (this.isDate) return `datetime.date(${parts.join(', ')})`;
    parts.push(date.getUTCHours(), date.getUTCMinutes());
    if (microsecond !== 0) parts.push(date.getUTCSeconds(), microsecond);
    else if (date.getUTCSeconds() !== 0) parts.push(date.getUTCSeconds());
    return `datetime.datetime(${parts.join(', ')})`;
  }
  override str() {
    return this.isoFormat(' ');
  }
  override equals(other: Value) {
    return other instanceof DateTime && other.micros === this.micros && other.isDate === this.isDate;
  }
  minus(other: DateTime): TimeDelta {
    return new TimeDelta(this.micros - other.micros);
  }
  plus(delta: TimeDelta): DateTime {
    return new DateTime(this.micros + delta.micros, this.isDate);
  }
  onlyDate(): DateTime {
    return new DateTime(floor(this.micros, DAY) * DAY, true);
  }
}

/** Python's `timedelta`. */
export class TimeDelta extends PyObject {
  readonly typeName = 'datetime.timedelta';
  readonly days: bigint;
  readonly seconds: bigint;
  readonly microseconds: bigint;

  constructor(readonly micros: bigint) {
    super();
    this.days = floor(micros, DAY);
    const rest = micros - this.days * DAY;
    this.seconds = rest / SECOND;
    this.microseconds = rest % SECOND;
  }
  repr() {
    const parts = (['days', 'seconds', 'microseconds'] as const)
      .filter((part) => this[part] !== 0n)
      .map((part) => `${part}=${this[part]}`);
    return `datetime.timedelta(${parts.join(', ') || '0'})`;
  }
  override str() {
    const { days, seconds, microseconds } = this;
    const fraction = microseconds === 0n ? '' : `.${String(microseconds).padStart(6, '0')}`;
    const time = `${seconds / 3600n}:${two(Number((seconds / 60n) % 60n))}:${two(Number(seconds % 60n))}${fraction}`;
    return days === 0n ? time : `${days} day${days === 1n || days === -1n ? '' : 's'}, ${time}`;
  }
  override isTrue() {
    return this.micros !== 0n;
  }
  override equals(other: Value) {
    return other instanceof TimeDelta && other.micros === this.micros;
  }
  times(factor: number): TimeDelta {
    if (Number.isInteger(factor)) return new TimeDelta(this.micros * BigInt(factor));
    if (!Number.isFinite(factor)) return fail('ZeroDivisionError', 'division by zero');
    return new TimeDelta(BigInt(Math.round(Number(this.micros) * factor)));
  }
  with(operator: string, other: TimeDelta): Value | undefined {
    switch (operator) {
      case '+':
        return new TimeDelta(this.micros + other.micros);
      case '-':
        return new TimeDelta(this.micros - other.micros);
      case '/':
        return Number(this.micros) / Number(other.micros);
      case '//':
        return other.micros === 0n
          ? fail('ZeroDivisionError', 'division by zero')
          : floor(this.micros, other.micros);
      default:
        return undefined;
    }
  }
}
