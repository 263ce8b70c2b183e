import { Logger } from '@nestjs/common';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { arrange, PinoLogger } from './logger.js';
import { describeError } from './redaction.js';

describe('the arguments of a log call', () => {
  const error = new Error('broken');
  it.each<[string, unknown[], Record<string, unknown>, string]>([
    ['a text and its context', ['said', 'Node 1'], { context: 'Node 1' }, 'said'],
    ['a text alone', ['said'], {}, 'said'],
    ['fields before a text', [{ node: 1 }, 'said', 'Nodes'], { context: 'Nodes', node: 1 }, 'said'],
    ['fields alone', [{ node: 1 }, 'Nodes'], { context: 'Nodes', node: 1 }, ''],
    ['an error as a field', [{ err: error }, 'said', 'Jobs'], { context: 'Jobs', err: error }, 'said'],
    ['an error alone', [error, 'Jobs'], { context: 'Jobs', err: error }, 'broken'],
    ['an error after a text', ['said', error, 'Jobs'], { context: 'Jobs', err: error }, 'said'],
    [
      'what Nest says of errors',
      ['broken', 'Error: broken\n    at x', 'Handler'],
      { context: 'Handler', stack: 'Error: broken\n    at x' },
      'broken',
    ],
    ['a stack that is missing', ['broken', undefined, 'Handler'], { context: 'Handler' }, 'broken'],
    ['a number', [42, 'Jobs'], { context: 'Jobs' }, '42'],
  ])('are sorted: %s', (_, [message, ...rest], fields, text) => {
    expect(arrange(message, rest)).toEqual({ fields, text });
  });
});

describe('a logged line', () => {
  afterEach(() => Logger.overrideLogger(['error', 'warn', 'fatal']));

  it('goes from Nest to pino with level and context, Nest itself being quieter', () => {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const target = pino({ level: 'debug', base: null, serializers: { err: describeError } }, stream);
    Logger.overrideLogger(new PinoLogger(target));
    new Logger('Jobs').error({ err: new Error('broken') }, 'A job failed');
    new Logger('RoutesResolver').log('a route');
    expect(lines).toMatchObject([
      { level: 50, context: 'Jobs', msg: 'A job failed', err: { type: 'Error', message: 'broken' } },
      { level: 20, context: 'RoutesResolver', msg: 'a route' },
    ]);
  });
});
