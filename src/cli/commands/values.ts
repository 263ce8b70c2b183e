import { InvalidArgumentError } from 'commander';

/** A whole number from 0. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}

/** One more of an option that may be given more than once. */
export const oneMore = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
