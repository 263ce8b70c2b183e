const MAX = 20;

/** The texts for one line of the log: the first twenty, and how many more there are. */
export function firstFew(texts: readonly string[]): string {
  const others = texts.length > MAX ? [`and ${texts.length - MAX} more`] : [];
  return [...texts.slice(0, MAX), ...others].join('; ');
}
