import { Invalid, readNumber } from '../../../shared/http/coercion.js';
import { BadRequest } from '../../../shared/domain/errors.js';

const MAX_SECONDS = 10;

export class InvalidInterval extends BadRequest {}

/**
 * Seconds from one message of a log to the next; undefined, for absent or 0, sends each line at once.
 * Source: Marzban `app/routers/core.py` for the texts; there, only the upper bound is checked.
 * @throws InvalidInterval
 */
export function readInterval(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const seconds = readNumber(text);
  if (seconds instanceof Invalid) throw new InvalidInterval('Invalid interval value');
  if (seconds < 0 || seconds > MAX_SECONDS) {
    throw new InvalidInterval(`Interval must be more than 0 and at most ${MAX_SECONDS} seconds`);
  }
  return seconds === 0 ? undefined : seconds;
}
