const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/**
 * Bytes for people, e.g. `1.5 GB`: at most two decimals, exact ties to the even digit, always at least one decimal.
 * The unit is chosen before rounding, so there is a `1024.0 KB`. Source: Marzban `app/utils/system.py`.
 */
export function readableSize(bytes: bigint): string {
  if (bytes <= 0n) return '0 B';
  const unit = Math.floor((bytes.toString(2).length - 1) / 10);
  const size = 1n << BigInt(unit * 10);
  const hundredths = divideHalfEven(bytes * 100n, size);
  const decimals = String(hundredths % 100n).padStart(2, '0');
  return `${hundredths / 100n}.${decimals.replace(/0$/, '')} ${UNITS[unit]}`;
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const down = dividend / divisor;
  const twiceRest = (dividend % divisor) * 2n;
  const up = twiceRest > divisor || (twiceRest === divisor && down % 2n === 1n);
  return up ? down + 1n : down;
}
