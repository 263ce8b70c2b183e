import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DueUsers } from './due-users.js';

const errors: string[] = [];
beforeEach(() => {
  errors.length = 0;
  Logger.overrideLogger({
    log: () => {},
    warn: () => {},
    error: (_: object, text: string) => errors.push(text),
  });
});
afterEach(() => Logger.overrideLogger(['warn', 'error', 'fatal']));

/** Eight users that are always due; what is wrong with the fourth, if anything; and who was settled, one transaction after another. */
function work() {
  const state = { fault: undefined as string | undefined, tried: [] as (readonly number[])[] };
  const all = [1, 2, 3, 4, 5, 6, 7, 8];
  const done = new Set<number>();
  return {
    state,
    find: async (without: readonly number[]) =>
      all.filter((id) => !without.includes(id) && !done.has(id)).slice(0, 8),
    settle: async (ids: readonly number[]) => {
      state.tried.push(ids);
      if (state.fault !== undefined && ids.includes(4)) throw new Error(state.fault);
      for (const id of ids) if (id !== 4) done.add(id);
      return ids.length;
    },
  };
}

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

it('tries one that spoils it again after a minute, then two, four, eight, and ten at most', async () => {
  const [due, job] = [new DueUsers('a-job', 100), work()];
  job.state.fault = 'refused';
  const failures: number[] = [];
  for (let second = 0; second < 60 * 60; second += 10) {
    job.state.tried.length = 0;
    expect((await due.settle(at(second), job)).failed).toBe(1);
    if (job.state.tried.some((ids) => ids.includes(4))) failures.push(second / 60);
  }
  expect(failures).toEqual([0, 1, 3, 7, 15, 25, 35, 45, 55]);
  expect(errors).toEqual(['The job a-job leaves out the user 4']);
});

it('says it again when something else is wrong, or the same after it was well', async () => {
  const [due, job] = [new DueUsers('a-job', 100), work()];
  const told: number[] = [];
  for (const [minutes, fault] of [
    [0, 'refused'],
    [1, 'refused'],
    [3, 'too large'],
    [7, undefined],
    [7.1, 'too large'],
  ] as const) {
    job.state.fault = fault;
    await due.settle(at(minutes * 60), job);
    told.push(errors.length);
  }
  expect(told).toEqual([1, 1, 2, 2, 3]);
});

it('lets nobody rest after a clock was set back', async () => {
  const [due, job] = [new DueUsers('a-job', 100), work()];
  job.state.fault = 'refused';
  await due.settle(at(0), job);
  job.state.fault = undefined;
  expect(await due.settle(at(-3600), job)).toEqual({ settled: 1, failed: 0 });
});
