import type { Settings } from './setting.js';

const seconds = <const T extends string>(byDefault: T) =>
  ({ kind: 'integer', byDefault, from: 1, to: 86_400 }) as const;

export const JOBS = {
  JOB_CORE_HEALTH_CHECK_INTERVAL: {
    ...seconds('10'),
    text: 'The health of cores is looked at every 5.5 seconds in which no counters are read, or more often if this is less.',
  },
  JOB_RECORD_USER_USAGES_INTERVAL: {
    ...seconds('10'),
    text: 'Seconds between readings of traffic, by user and by node, and between reviews of limits and expiries.',
  },
  JOB_RECORD_NODE_USAGES_INTERVAL: seconds('30'),
  JOB_REVIEW_USERS_INTERVAL: seconds('10'),
  USERS_AUTODELETE_DAYS: {
    kind: 'integer',
    byDefault: '-1',
    to: 36_500,
    text: `Days after which users that are expired are deleted, unless they have a number of their own; negative: never.
      And whether those that used up their traffic are deleted as well.`,
  },
  USER_AUTODELETE_INCLUDE_LIMITED_ACCOUNTS: { kind: 'boolean', byDefault: 'false' },
  ACTIVITY_DAYS: {
    kind: 'integer',
    byDefault: '90',
    from: 0,
    to: 36_500,
    text: 'For how many days it is kept who changed what; 0: for ever.',
  },
} as const satisfies Settings;
