import type { LoggerService } from '@nestjs/common';
import { type Level, type Logger, type LoggerOptions, pino } from 'pino';
import { StartupError } from '../../config/startup-error.js';
import { pretty } from './pretty.js';
import { describeError, redactedFields } from './redaction.js';
import { currentRequestId } from './request-context.js';

/** What Nest tells of its own start; of interest only when looking for a fault. */
const NEST_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/**
 * Nest's logger on pino: one JSON object per line, or readable lines on a terminal. With an object before the text
 * (`logger.warn({ node: 3 }, 'lost')`) its fields are part of the line; an error goes under `err`.
 */
export class PinoLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: Level, message: unknown, rest: unknown[]): void {
    const line = arrange(message, rest);
    // What ends the start is said once it has ended, in one sentence.
    if (line.fields.context === 'ExceptionHandler' && line.fields.err instanceof StartupError) return;
    const chatter = level === 'info' && NEST_CONTEXTS.has(line.fields.context as string);
    this.pino[chatter ? 'debug' : level](line.fields, line.text);
  }
}

/** Sorts Nest's arguments: an object, an error or a text, then more of them, and at the end the context. */
export function arrange(
  message: unknown,
  rest: unknown[],
): { fields: Record<string, unknown>; text: string } {
  const parts = [message, ...rest];
  const context = rest.length > 0 && typeof parts.at(-1) === 'string' ? { context: parts.pop() } : {};
  const texts = parts.filter((part) => typeof part === 'string');
  const stack = texts.find((text) => /\n\s+at /.test(text));
  const error = parts.find((part) => part instanceof Error);
  const objects = parts.filter((part) => typeof part === 'object' && !(part instanceof Error));
  const others = parts.filter(
    (part) => typeof part !== 'string' && typeof part !== 'object' && part !== undefined,
  );
  const said = [...texts.filter((text) => text !== stack), ...others.map(String)].join(' ');
  return {
    fields: {
      ...context,
      ...Object.assign({}, ...objects),
      ...(error ? { err: error } : stack ? { stack } : {}),
    },
    text: said || (error?.message ?? ''),
  };
}

const STDOUT = 1;
const STDERR = 2;

/** The process's log: for people on a terminal, for machines elsewhere. */
export function createPino(level: 'debug' | 'info'): Logger {
  return pino(options(level), process.stdout.isTTY ? pretty() : destination(STDOUT));
}

/** What goes wrong while a command is at work, for people, on stderr. */
export function createCommandPino(level: 'debug' | 'warn'): Logger {
  return pino(options(level), pretty(STDERR));
}

const destination = (fd: number) => pino.destination({ fd, sync: true });

function options(level: Level): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    redact: redactedFields,
    mixin: () => {
      const requestId = currentRequestId();
      return requestId === undefined ? {} : { requestId };
    },
  };
}
