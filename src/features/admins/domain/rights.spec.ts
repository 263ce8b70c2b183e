import { describe, expect, it } from 'vitest';
import { mayModify, mayRemove, maySeeWebhook } from './rights.js';

const sudo = { id: 1, isSudo: true };
const otherSudo = { id: 2, isSudo: true };
const seller = { id: 3, isSudo: false };
const otherSeller = { id: 4, isSudo: false };

describe('the rights of admins', () => {
  it.each([
    ['a sudo admin itself', sudo, sudo, { see: true, modify: true }],
    ['a sudo admin another sudo admin', sudo, otherSudo, { see: true, modify: false }],
    ['a sudo admin a seller', sudo, seller, { see: true, modify: true }],
    ['a seller itself', seller, seller, { see: true, modify: false }],
    ['a seller a sudo admin', seller, sudo, { see: false, modify: false }],
    ['a seller another seller', seller, otherSeller, { see: false, modify: false }],
  ])('%s', (_, actor, target, expected) => {
    expect({ see: maySeeWebhook(actor, target), modify: mayModify(actor, target) }).toEqual(expected);
  });

  it('nobody removes a sudo admin', () => {
    expect([sudo, seller].map(mayRemove)).toEqual([false, true]);
  });
});
