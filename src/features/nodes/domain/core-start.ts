import type { RestartReason } from './plan.js';

/**
 * Why there is a new core process: what it was started for; `died` after one that ended or hung; `refused` when the core
 * refused the wanted config, and the last good one was started again; `found` when somebody else started it.
 */
export const START_REASONS = [
  'not_running',
  'died',
  'shut_out',
  'operator',
  'config',
  'retry',
  'refused',
  'found',
] as const satisfies readonly (RestartReason | 'died' | 'refused' | 'found')[];

export type StartReason = (typeof START_REASONS)[number];

/** How many starts of a node are remembered one by one. */
export const REMEMBERED_STARTS = 20;

/** So many cores one replica starts at a time: each start sends a whole config and takes seconds. */
export const STARTS_AT_A_TIME = 4;
