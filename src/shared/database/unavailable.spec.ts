import { QueryRunnerAlreadyReleasedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { StandbyReached } from './primary.js';
import { isDatabaseUnavailable } from './unavailable.js';

const failure = (message: string, code?: string, syscall?: string) =>
  Object.assign(new Error(message), { code, syscall });

describe('a failed query', () => {
  it.each<[unknown, boolean]>([
    [failure('connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED'), true],
    [failure('connect ENOENT /run/.s.PGSQL.5432', 'ENOENT', 'connect'), true],
    [failure('ENOENT: no such file or directory', 'ENOENT', 'open'), false],
    [failure('terminating connection due to administrator command', '57P01'), true],
    [failure('the database system is starting up', '57P03'), true],
    [failure('sorry, too many clients already', '53300'), true],
    [failure('canceling statement due to statement timeout', '57014'), true],
    [failure('deadlock detected', '40P01'), true],
    [failure('could not serialize access', '40001'), true],
    [failure('connection failure', '08006'), true],
    [failure('cannot execute INSERT in a read-only transaction', '25006'), true],
    [failure('current transaction is aborted', '25P02'), true],
    [failure('could not extend file: No space left on device', '53100'), true],
    [new StandbyReached(), true],
    [failure('Connection terminated unexpectedly'), true],
    [failure('timeout exceeded when trying to connect'), true],
    [new QueryRunnerAlreadyReleasedError(), true],
    [failure('duplicate key value violates unique constraint', '23505'), false],
    [failure('invalid byte sequence for encoding', '22021'), false],
    [failure('Cannot read properties of undefined'), false],
    ['Connection terminated unexpectedly', false],
    [undefined, false],
  ])('%s: %s', (error, expected) => {
    expect(isDatabaseUnavailable(error)).toBe(expected);
  });
});
