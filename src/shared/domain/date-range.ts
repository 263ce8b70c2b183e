import { BadRequest } from './errors.js';
import { parseIsoTime } from './iso-time.js';
import { addSeconds } from './time.js';

const DEFAULT_SECONDS = 30 * 24 * 3600;

/** From `start` to `end`, both included. */
export interface DateRange {
  start: Date;
  end: Date;
}

/** A start or end is no date. */
export class InvalidDateRange extends BadRequest {
  constructor() {
    super('Invalid date range or format');
  }
}

/** The end of a range of time comes before its start. */
export class RangeReversed extends BadRequest {
  constructor() {
    super('Start date must be before end date');
  }
}

/**
 * The range that ISO 8601 texts name. An empty start is 30 days before `now`, an empty end is `now`; a start in the future
 * without an end is an empty range, not an error.
 * @throws InvalidDateRange, RangeReversed
 */
export function readDateRange({ start, end }: { start: string; end: string }, now: Date): DateRange {
  const from = start === '' ? addSeconds(now, -DEFAULT_SECONDS) : parseIsoTime(start);
  const to = end === '' ? now : parseIsoTime(end);
  if (!from || !to) throw new InvalidDateRange();
  if (end !== '' && to < from) throw new RangeReversed();
  return { start: from, end: to };
}
