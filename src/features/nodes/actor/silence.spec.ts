import { expect, it } from 'vitest';
import { Silence } from './silence.js';

const health = {};
const list = {};

it('three failures in a row of one kind of call are one too many, though others are answered', () => {
  const silence = new Silence();
  const failed = [1, 2, 3].map(() => {
    silence.answered(health);
    return silence.failed(list);
  });
  expect(failed).toEqual([false, false, true]);
});

it('a call that may only be slow says nothing while others are answered', () => {
  const silence = new Silence();
  const failed = [1, 2, 3, 4].map(() => {
    silence.answered(health);
    return silence.failed(list, true);
  });
  expect(failed).toEqual([false, false, false, false]);
});
