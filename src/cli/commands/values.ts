import { InvalidArgumentError, Option } from 'commander';

/** Every command has it. */
export const jsonOption = (): Option => new Option('--json', 'in JSON, for programs');

/** A whole number from 0. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}

/** Groups have negative ones. */
export function telegramId(text: string): bigint {
  if (!/^-?\d{1,18}$/.test(text)) throw new InvalidArgumentError('Telegram ID must be an integer.');
  return BigInt(text);
}

/** One more of an option that may be given more than once. */
export const oneMore = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
