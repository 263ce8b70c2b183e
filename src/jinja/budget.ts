import { fail } from './errors.js';

/** Far more than a config of thousands of entries takes; an endless loop ends within a second. */
const MAX_STEPS = 5_000_000;
/** Of one text, in UTF-16 units. */
const MAX_LENGTH = 16 * 1024 * 1024;
/** Making texts costs steps, too, so that many long ones end as well. */
const UNITS_PER_STEP = 16;

/** How far macros, blocks and templates may call each other. */
const MAX_LEVELS = 200;

/** Rendering never waits, so only one template is at work at a time. */
let stepsLeft = MAX_STEPS;
let depth = 0;
let level = 0;

/** Runs `work`, which may take as many steps as a template is allowed. Work inside of work shares them. */
export function withBudget<R>(work: () => R): R {
  if (depth === 0) stepsLeft = MAX_STEPS;
  depth++;
  try {
    return work();
  } finally {
    depth--;
  }
}

/** Runs `work` one level deeper. Throws where Python would refuse to go on, long before the stack is full. */
export function deeper<R>(work: () => R): R {
  level++;
  try {
    if (level > MAX_LEVELS) fail('RecursionError', 'maximum recursion depth exceeded');
    return work();
  } finally {
    level--;
  }
}

/** Counts `steps` of work. Throws `Exhausted` when there were too many. */
export function spend(steps: number): void {
  stepsLeft -= steps;
  if (stepsLeft < 0) fail('Exhausted', 'it took too long and was stopped');
}

/** Counts the making of a text of this length, which must be asked for before it is made. */
export function spendOnText(length: number): void {
  if (length > MAX_LENGTH) fail('Exhausted', `it makes a text of more than ${MAX_LENGTH} characters`);
  spend(1 + length / UNITS_PER_STEP);
}
