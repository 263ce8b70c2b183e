/** What calls about accounts came to. That one is there already, or is not there, is no failure. */
export const ACCOUNT_OPERATIONS = ['added', 'add_failed', 'removed', 'remove_failed'] as const;

/** How many there were of each. */
export type AccountOperations = Record<(typeof ACCOUNT_OPERATIONS)[number], number>;

export const noOperations = (): AccountOperations => ({
  added: 0,
  add_failed: 0,
  removed: 0,
  remove_failed: 0,
});
