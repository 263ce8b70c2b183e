import { spend, spendOnText } from './budget.js';
import { fail } from './errors.js';
import { reprFloat, reprInt, writeExponent } from './text.js';

/** As printf names them: fixed, scientific, whichever is shorter, percent. */
export type FloatStyle = 'f' | 'e' | 'g' | '%';

/** How Python's formats describe a field. */
export interface Field {
  fill: string;
  align: '<' | '>' | '^' | '=' | '';
  sign: '+' | '-' | ' ';
  alternate: boolean;
  width: number;
  /** `,` or `_` between groups of digits. */
  grouping: string;
}

/** The digits of a finite float that is not negative, rounded to `digits` decimals: its exact value, halves to even. */
function scaled(value: number, digits: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const power = Number(raw >> 52n);
  const mantissa = (raw & ((1n << 52n) - 1n)) | (power === 0 ? 0n : 1n << 52n);
  const shift = (power === 0 ? 1 : power) - 1075;
  const dividend = mantissa * 10n ** BigInt(Math.max(0, digits)) * (1n << BigInt(Math.max(0, shift)));
  const divisor = 10n ** BigInt(Math.max(0, -digits)) * (1n << BigInt(Math.max(0, -shift)));
  const down = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  return twice > divisor || (twice === divisor && down % 2n === 1n) ? down + 1n : down;
}

/** Python's `round(value, digits)` of a float. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  if (digits < -308) return value * 0;
  const whole = scaled(Math.abs(value), digits);
  const rounded = Number(`${whole}e${-digits}`);
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

function fixed(value: number, digits: number): string {
  const all = scaled(value, digits)
    .toString()
    .padStart(digits + 1, '0');
  return digits === 0 ? all : `${all.slice(0, -digits)}.${all.slice(-digits)}`;
}

function scientific(value: number, digits: number): { mantissa: string; exponent: number } {
  let exponent = value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
  let all = scaled(value, digits - exponent).toString();
  if (all.length > digits + 1) all = scaled(value, digits - ++exponent).toString();
  all = all.padStart(digits + 1, '0');
  return { mantissa: digits === 0 ? all : `${all[0]}.${all.slice(1)}`, exponent };
}

/** The digits of a float without its sign. */
export function writeFloat(value: number, style: FloatStyle, precision: number, alternate: boolean): string {
  const size = Math.abs(value);
  if (!Number.isFinite(size)) return (Number.isNaN(size) ? 'nan' : 'inf') + (style === '%' ? '%' : '');
  spendOnText(precision * 16);
  if (style === 'f') return fixed(size, precision) + (alternate && precision === 0 ? '.' : '');
  if (style === '%') return `${fixed(size * 100, precision)}%`;
  if (style === 'e') {
    const { mantissa, exponent } = scientific(size, precision);
    return `${mantissa}e${writeExponent(exponent)}`;
  }
  const significant = Math.max(1, precision);
  const { mantissa, exponent } = scientific(size, significant - 1);
  const bare = (text: string) => (alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, ''));
  return exponent < -4 || exponent >= significant
    ? `${bare(mantissa)}e${writeExponent(exponent)}`
    : bare(fixed(size, significant - 1 - exponent));
}

/** A float without a style: its shortest form, or as many digits as asked for. */
export function writePlainFloat(value: number, precision: number | undefined): string {
  if (precision === undefined) return reprFloat(Math.abs(value));
  const text = writeFloat(value, 'g', precision, false);
  return /[.en]/.test(text) ? text : `${text}.0`;
}

const RADIX: Record<string, [number, string]> = { b: [2, '0b'], o: [8, '0o'], x: [16, '0x'] };

/** The digits of an integer without its sign. */
export function writeInteger(
  value: bigint,
  type: string,
  alternate: boolean,
): { prefix: string; digits: string } {
  const size = value < 0n ? -value : value;
  const [radix, prefix] = RADIX[type.toLowerCase()] ?? [10, ''];
  const digits = radix === 10 ? reprInt(size) : size.toString(radix);
  const isUpper = type === 'X';
  return {
    prefix: alternate ? (isUpper ? prefix.toUpperCase() : prefix) : '',
    digits: isUpper ? digits.toUpperCase() : digits,
  };
}

/** A number in its field. `body` has no sign; what `prefix` holds stands before zeros that fill the field. */
export function placeNumber(body: string, isNegative: boolean, prefix: string, field: Field): string {
  const head = (isNegative ? '-' : field.sign === '-' ? '' : field.sign) + prefix;
  const zeros = field.fill === '0' && field.align === '=';
  const grouped = field.grouping ? group(body, field.grouping, zeros ? field.width - head.length : 0) : body;
  if (field.align === '=') {
    spendOnText(field.width);
    return head + grouped.padStart(field.width - head.length, field.fill);
  }
  return place(head + grouped, { ...field, align: field.align || '>' });
}

/** Leading zeros are grouped as well. */
function group(body: string, mark: string, width: number): string {
  const [first = '', tail = ''] = /^(\w*?)((?:[.e%].*)?)$/i.exec(body)!.slice(1);
  const room = width - tail.length;
  spend(room ** 2 / 1024); // what the expression below may cost
  const whole = first.padStart(room - Math.floor((room - 1) / 4), '0');
  return whole.replace(/\B(?=(?:\w{3})+$)/g, mark) + tail;
}

/** A text in its field. */
export function place(text: string, { fill, align, width }: Pick<Field, 'fill' | 'align' | 'width'>): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  spendOnText(width);
  if (align === '>') return fill.repeat(missing) + text;
  if (align === '^') return fill.repeat(missing >> 1) + text + fill.repeat(missing - (missing >> 1));
  return text + fill.repeat(missing);
}

/** Python's `int()` of a float. */
export function truncate(value: number): bigint {
  if (Number.isFinite(value)) return BigInt(Math.trunc(value));
  if (Number.isNaN(value)) return fail('ValueError', 'cannot convert float NaN to integer');
  return fail('OverflowError', 'cannot convert float infinity to integer');
}
