import { PinoPretty, type PrettyStream } from 'pino-pretty';

/** Lines for a person: time, level, who says it, what, and the request it belongs to. */
export const pretty = (fd = 1): PrettyStream =>
  PinoPretty({
    destination: fd,
    sync: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'context',
    messageFormat: (line, messageKey) => {
      const { context, [messageKey]: message } = line as Record<string, string | undefined>;
      return context === undefined ? (message ?? '') : `${context}: ${message ?? ''}`;
    },
    singleLine: true,
  });
