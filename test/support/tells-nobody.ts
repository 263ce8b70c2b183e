import type { Config } from '../../src/config/config.js';

/** Everything would be told, if there were anybody to tell. */
export const TELLS_NOBODY: Config['notifications'] = {
  wanted: {
    userCreated: true,
    userUpdated: true,
    userDeleted: true,
    statusChange: true,
    userDataReset: true,
    subscriptionRevoked: true,
    usagePercent: true,
    daysLeft: true,
    login: true,
  },
  webhooks: { addresses: [], secret: undefined, allowPrivate: false },
  telegram: { token: undefined, chats: [], proxyUrl: undefined, apiUrl: 'http://127.0.0.1:1' },
  discord: { address: undefined, apiUrl: 'http://127.0.0.1:1' },
  sendSeconds: 1,
  retrySeconds: 180,
  retries: 3,
  usagePercents: [80],
  daysLeft: [3],
  knownLoginAddresses: [],
  keepDeliveredDays: 7,
  keepDeadDays: 30,
};
