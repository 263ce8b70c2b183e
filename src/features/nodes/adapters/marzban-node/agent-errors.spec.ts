import { expect, it } from 'vitest';
import { explain } from './agent-errors.js';

const circumstances = {
  endpoint: { host: 'node.example', port: 62050 },
  signal: new AbortController().signal,
  isConnected: false,
  seconds: 5,
};
const unreachable = (code: string) =>
  `node.example:62050 cannot be reached (${code}); check address, port and firewall of the node`;

it.each([
  ['EHOSTUNREACH', 'unavailable', unreachable('EHOSTUNREACH')],
  ['EHOSTDOWN', 'unavailable', unreachable('EHOSTDOWN')],
  ['ENETUNREACH', 'unavailable', unreachable('ENETUNREACH')],
  ['ENETDOWN', 'unavailable', unreachable('ENETDOWN')],
  ['EADDRNOTAVAIL', 'unavailable', unreachable('EADDRNOTAVAIL')],
  [
    'ENOTFOUND',
    'unavailable',
    'the name node.example is not known (ENOTFOUND); check the address of the node',
  ],
  [
    'EAI_AGAIN',
    'unavailable',
    'the name node.example is not known (EAI_AGAIN); check the address of the node',
  ],
  [
    'ECONNREFUSED',
    'unavailable',
    'connect ECONNREFUSED node.example:62050; does Marzban-node run there, on this port?',
  ],
  [
    'ETIMEDOUT',
    'timeout',
    'node.example:62050 cannot be reached in 5 s; check address, port and firewall of the node',
  ],
])('says of %s what to look at', (code, kind, message) => {
  const error = Object.assign(new Error(`connect ${code} 192.0.2.1:62050`), { code });
  expect(explain(error, circumstances)).toMatchObject({ code: kind, message });
});

it('says of a call that was given up only that', () => {
  const error = Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' });
  expect(explain(error, { ...circumstances, signal: AbortSignal.abort() })).toMatchObject({
    code: 'aborted',
  });
});
