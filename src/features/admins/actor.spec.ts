import { expect, it } from 'vitest';
import { actorOf, SYSTEM, toldBy } from './actor.js';

const HUGE = 9_007_199_254_740_993n;

const chief = {
  id: 3,
  username: 'chief',
  isSudo: false,
  telegramId: HUGE,
  discordWebhook: 'https://discord.com/api/webhooks/1/secret',
  usersUsage: HUGE,
};

it.each([
  ['an admin', actorOf(chief), ['chief', false, String(HUGE), null, String(HUGE)]],
  ['the service', SYSTEM, ['system', true, null, null, null]],
])('%s is told of with exact numbers and without a webhook', (_, actor, expected) => {
  expect(Object.values(toldBy(actor))).toEqual(expected);
});
