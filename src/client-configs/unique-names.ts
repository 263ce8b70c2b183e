/** Makes names differ: one that was given before, or is taken, gets the next free number, `name (2)`. */
export class UniqueNames {
  private readonly given: Set<string>;
  private readonly next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.given = new Set(taken);
  }

  give(name: string): string {
    let unique = name;
    let number = this.next.get(name) ?? 2;
    while (this.given.has(unique)) unique = `${name} (${number++})`;
    this.next.set(name, number);
    this.given.add(unique);
    return unique;
  }
}
