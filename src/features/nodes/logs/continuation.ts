/**
 * Takes a log up again that broke off: one that is opened anew begins with its last lines, of which some were told
 * before. Skips those: the longest end of `told` that the log begins with.
 */
export class Continuation {
  private readonly seen: string[] = [];
  /** Where in `told` the log may begin, from the longest overlap to none. */
  private starts: number[];
  private isDone = false;

  constructor(private readonly told: readonly string[]) {
    this.starts = told.map((_, index) => index);
  }

  /** The lines that are new, as far as that can be told already. */
  take(lines: readonly string[]): readonly string[] {
    if (this.isDone) return lines;
    for (const [index, line] of lines.entries()) {
      const place = this.seen.push(line) - 1;
      const { told } = this;
      // Those that came to their end here are complete overlaps, however the log goes on.
      this.starts = this.starts.filter(
        (start) => start + place >= told.length || told[start + place] === line,
      );
      const [longest] = this.starts;
      if (longest === undefined) return this.goOn(0, lines.slice(index + 1));
      if (longest + place >= told.length - 1) return this.goOn(told.length - longest, lines.slice(index + 1));
    }
    return [];
  }

  private goOn(overlap: number, rest: readonly string[]): string[] {
    this.isDone = true;
    return [...this.seen.slice(overlap), ...rest];
  }
}
