/** Sums that must come out the same on both sides, by the columns they are of. */
export const SUMS = {
  usersUsage: 'admins.users_usage',
  adminResets: 'admin_usage_logs.used_traffic_at_reset',
  used: 'users.used_traffic',
  resets: 'user_usage_logs.used_traffic_at_reset',
  systemUp: 'system.uplink',
  systemDown: 'system.downlink',
  nodeUp: 'node_usages.uplink',
  nodeDown: 'node_usages.downlink',
  hours: 'node_user_usages.used_traffic',
} as const;

/** The hourly bytes of users on one core; null is the local one. */
export const hoursOf = (nodeId: number | null): string =>
  `${SUMS.hours} of ${nodeId === null ? 'the local core' : `node ${nodeId}`}`;
